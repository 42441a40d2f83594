#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: run.sh install|up [OPTION OF THE TRACER]...|test|down
. "$(dirname "$0")/../lib.sh"

hotrod=$tools/jaeger/hotrod

lab_install() {
	"$root/tests/tools/jaeger/build.sh" "$tools" hotrod
}

# hotrod_up SERVICE PORT: its SDK cannot be taken out of it, but sent to nowhere
hotrod_up() {
	serve "$1" "$2" env OTEL_SERVICE_NAME="$1" "$hotrod" "$1" --otel-exporter stdout
}

lab_up() {
	[ -x "$hotrod" ] || die "there is no hotrod: ./run.sh install"
	hotrod_up customer 8081
	hotrod_up driver 8082
	hotrod_up route 8083
	hotrod_up frontend 8080
}

lab_trace() {
	tracer_up --port 8080 --port 8081 --port 8082 --port 8083 --exporter otlp "$@"
}

lab_test() {
	"$python" "$here/check"
	stop tracer
	grep "HTTP/2" "$state/tracer.log" || die "the tracer does not say that there is gRPC"
	lab_trace
}

lab "$@"
