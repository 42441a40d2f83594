#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: run.sh install|up [OPTION OF THE TRACER]...|test|sdk|sample [RATIO]...|down
. "$(dirname "$0")/../lib.sh"

services=$root/examples/two-services

lab_up() {
	serve service-b 5001 env FAIL=0.2 "$python" "$services/service-b.py"
	serve service-a 5000 "$python" "$services/service-a.py"
}

lab_trace() {
	tracer_up --port 5000 --port 5001 --exporter otlp,console "$@"
}

lab_install() {
	"$root/tests/tools/venv.sh" "$tools" otelpy
}

# The tutorial's way, with its first challenge done, and the tracer beside it: so it stays until the example goes down.
lab_sdk() {
	stop service-a
	stop service-b
	instrumented service-b 5001 "$here/with-sdk/service-b.py"
	instrumented service-a 5000 "$services/service-a.py"
	retrace --with-sdk join
	"$python" "$here/check_sdk.py"
}

lab_sample() {
	sample http://localhost:5000/ service-a "${@:-0.01}"
}

lab "$@"
