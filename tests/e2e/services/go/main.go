// SPDX-License-Identifier: GPL-2.0-only

// The front and the back of the truth runs on net/http. HOW says who makes the front's calls:
//
//	direct   the handler
//	spawn    two goroutines that the handler starts and waits for
//	pool     workers fed by a channel; each job brings the channel for its answer
//	lazy     such workers, which the first request sets up
//	busy     such workers; the handler has other things to do before it waits for the answer
//	raw      the handler, on a connection of its own from a small pool, without net/http
//	rawpool  such workers, on such connections
//
// Each call has a token that is drawn at random and written down only in TRUTH, so that nothing on the wire tells which
// request a call belongs to.
package main

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	mathrand "math/rand"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	workers  = 16
	rawConns = 16
	busyFor  = 200 * time.Microsecond
)

type job struct {
	path   string
	answer chan error
}

// caller makes one request of the back and waits for its answer.
type caller func(path string) error

func env(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

func number(name string, otherwise int) int {
	n, err := strconv.Atoi(os.Getenv(name))
	if err != nil {
		return otherwise
	}
	return n
}

func httpCaller(backend string) caller {
	client := &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: 64,
		MaxConnsPerHost:     number("MAX_CONNS", 0),
		DisableCompression:  true,
	}}
	return func(path string) error {
		rsp, err := client.Get(backend + path)
		if err != nil {
			return err
		}
		defer rsp.Body.Close()
		_, err = io.Copy(io.Discard, rsp.Body)
		return err
	}
}

// rawCaller writes and reads in the goroutine that calls, as drivers of databases do.
func rawCaller(backend string) caller {
	address := strings.TrimPrefix(backend, "http://")
	idle := make(chan net.Conn, rawConns)
	for i := 0; i < rawConns; i++ {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			panic(err)
		}
		idle <- conn
	}
	return func(path string) error {
		conn := <-idle
		defer func() { idle <- conn }()
		if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: back\r\n\r\n", path); err != nil {
			return err
		}
		rsp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, rsp.Body)
		return err
	}
}

// What a request needs beside the answer.
func work(how string) {
	for end := time.Now().Add(busyFor); how == "busy" && time.Now().Before(end); {
	}
}

func pooled(call caller, how string) caller {
	jobs := make(chan job, 1024)
	for i := 0; i < workers; i++ {
		go func() {
			for j := range jobs {
				j.answer <- call(j.path)
			}
		}()
	}
	return func(path string) error {
		j := job{path, make(chan error, 1)}
		jobs <- j
		work(how)
		return <-j.answer
	}
}

// The two calls of a request, at once, in goroutines of their own.
func spawned(call caller, paths []string) error {
	var all sync.WaitGroup
	errs := make([]error, len(paths))
	for i := range paths {
		i := i
		all.Add(1)
		go func() {
			defer all.Done()
			errs[i] = call(paths[i])
		}()
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func token() string {
	b := make([]byte, 8)
	if _, err := rand.Read(b); err != nil {
		panic(err)
	}
	return hex.EncodeToString(b)
}

func front(backend, how string) http.Handler {
	truth, err := os.OpenFile(env("TRUTH", os.DevNull), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		panic(err)
	}
	call := httpCaller(backend)
	if strings.HasPrefix(how, "raw") {
		call = rawCaller(backend)
	}
	if how == "lazy" {
		make := sync.OnceValue(func() caller { return pooled(httpCaller(backend), how) })
		call = func(path string) error { return make()(path) }
	}
	if strings.HasSuffix(how, "pool") || how == "busy" {
		call = pooled(call, how)
	}
	calls := 1
	if how == "spawn" {
		calls = 2
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, ok := strings.CutPrefix(r.URL.Path, "/work/")
		if !ok {
			return
		}
		paths := make([]string, calls)
		lines := ""
		for i := range paths {
			t := token()
			paths[i] = "/data/" + t
			lines += id + " " + t + "\n"
		}
		io.WriteString(truth, lines)
		var err error
		if how == "spawn" {
			err = spawned(call, paths)
		} else {
			err = call(paths[0])
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		io.WriteString(w, "work\n")
	})
}

func back(w http.ResponseWriter, r *http.Request) {
	longest := number("MAX_MS", 10)
	time.Sleep(time.Duration(mathrand.Intn(longest*1000+1)) * time.Microsecond)
	io.WriteString(w, "data\n")
}

func main() {
	var handler http.Handler = http.HandlerFunc(back)
	if len(os.Args) > 1 && os.Args[1] == "front" {
		handler = front(env("BACKEND", "http://127.0.0.1:8081"), env("HOW", "direct"))
	}
	fmt.Fprintln(os.Stderr, http.ListenAndServe(env("LISTEN", "127.0.0.1:")+env("PORT", "8080"), handler))
	os.Exit(1)
}
