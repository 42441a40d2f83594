#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: run.sh install|up [OPTION OF THE TRACER]...|test|sample [RATIO]...|down
. "$(dirname "$0")/../lib.sh"

services=$root/examples/two-services

lab_up() {
	serve service-b 5001 env FAIL=0.2 "$python" "$services/service-b.py"
	serve service-a 5000 "$python" "$services/service-a.py"
}

lab_trace() {
	tracer_up --port 5000 --port 5001 --exporter otlp,console "$@"
}

lab_sample() {
	sample http://localhost:5000/ service-a "${@:-0.01}"
}

lab "$@"
