// SPDX-License-Identifier: GPL-2.0-only

// Knows who may buy. Nothing here knows of tracing.
package main

import (
	"fmt"
	"log"
	"net/http"
)

func check(w http.ResponseWriter, r *http.Request) {
	user := r.URL.Query().Get("user")
	if user == "" || user == "mallory" {
		http.Error(w, fmt.Sprintf("%q may not buy", user), http.StatusForbidden)
		return
	}
	fmt.Fprintf(w, "%s may buy\n", user)
}

func main() {
	http.HandleFunc("/check", check)
	log.Fatal(http.ListenAndServe("127.0.0.1:9001", nil))
}
