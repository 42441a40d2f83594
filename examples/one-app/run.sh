#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: run.sh install|up [OPTION OF THE TRACER]...|test|down
. "$(dirname "$0")/../lib.sh"

lab_up() {
	serve my-flask-app 5000 "$python" "$here/my-flask-app/app.py"
}

lab_trace() {
	tracer_up --port 5000 --exporter otlp "$@"
}

lab "$@"
