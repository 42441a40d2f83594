#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: run.sh install|up [OPTION OF THE TRACER]...|test|down
. "$(dirname "$0")/../lib.sh"

spans=$state/spans.jsonl

lab_install() {
	"$root/tests/tools/collector/build.sh" "$tools"
}

collector_up() {
	[ -x "$tools/collector/otelcol" ] || die "there is no Collector: ./run.sh install"
	serve collector 14318 env SPANS_FILE="$spans" "$tools/collector/otelcol" --config "$here/collector.yaml"
}

lab_up() {
	rm -f "$spans"
	collector_up
	serve my-application 5000 env OTEL_SERVICE_NAME=my-application "$python" "$here/../one-app/my-flask-app/app.py"
}

lab_trace() {
	tracer_up --port 5000 --exporter otlp --endpoint http://localhost:14318 "$@"
}

# says TEXT: whether the tracer does, soon
says() {
	wait_for tracer 20 "word of \"$1\"" grep -q "$1" "$state/tracer.log"
	grep -m 1 "$1" "$state/tracer.log"
}

request() {
	answers http://localhost:5000/
}

lab_test() {
	say "over OTLP/HTTP"
	SPANS_FILE=$spans "$python" "$here/check"
	say "over OTLP/gRPC"
	retrace --protocol grpc --endpoint http://localhost:14317
	SPANS_FILE=$spans "$python" "$here/check"
	lab_trouble
}

# The tutorial's list of troubles: what the tracer says of each.
lab_trouble() {
	say "the Collector is not running"
	retrace
	stop collector
	request
	says "takes no spans"
	say "it runs again"
	collector_up
	request
	says "takes spans again"
	say "it cannot reach Jaeger"
	stop collector
	JAEGER_OTLP=http://localhost:1 collector_up
	retrace
	request
	says "takes no spans (status 503: "
	stop collector
	collector_up
	say "nobody asks the application for anything"
	retrace
	says "no traffic seen"
}

lab "$@"
