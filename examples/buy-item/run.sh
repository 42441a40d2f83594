#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: run.sh install|up [OPTION OF THE TRACER]...|test|down
. "$(dirname "$0")/../lib.sh"

# What a compiler makes of the services.
built=$output/examples/buy-item/built

lab_install() {
	need_debian nodejs openjdk-17-jdk-headless
	lab_build
}

lab_build() {
	local go
	go=$("$root/tests/tools/jaeger/go.sh" "$tools")
	mkdir -p "$built"
	(cd "$here/auth-service" && "$go" build -o "$built/auth-service" .)
	javac -d "$built" "$here/inventory-service/InventoryService.java"
}

lab_up() {
	[ -d "$built" ] || die "the services are not built: ./run.sh install"
	serve database 9003 "$python" "$here/database/database.py"
	serve inventory-service 9002 env OTEL_SERVICE_NAME=inventory-service java -cp "$built" InventoryService
	serve auth-service 9001 "$built/auth-service"
	serve frontend 9000 node "$here/frontend/server.js"
}

lab_trace() {
	tracer_up --port 9000 --port 9001 --port 9002 --port 9003 --exporter otlp "$@"
}

lab "$@"
