#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: run.sh install|up [OPTION OF THE TRACER]...|test|sdk|sample [RATIO]...|logs TRACE-OR-TEXT|down
. "$(dirname "$0")/../lib.sh"

lab_up() {
	serve database-service 8082 "$python" "$here/services/database-service/app.py"
	serve backend 8081 "$python" "$here/services/backend/app.py"
	serve frontend 8080 "$python" "$here/services/frontend/app.py"
}

# What the services log goes with its traces' ids into a file, as Jaeger takes no lines.
lab_trace() {
	tracer_env=OTEL_LOGS_EXPORTER=none
	tracer_up --port 8080 --port 8081 --port 8082 --logs \
		--exporter "otlp,json:$state/telemetry.jsonl" "$@"
}

lab_test() {
	"$python" "$here/check"
	"$python" "$here/look.py"
}

lab_install() {
	"$root/tests/tools/venv.sh" "$tools" otelpy
}

# The frontend as it is; the other two as the tutorial has them, with the custom span of its Task 5: so it stays until the
# example goes down.
lab_sdk() {
	stop backend
	stop database-service
	instrumented database-service 8082 "$here/services/database-service/custom_span.py"
	instrumented backend 8081 "$here/services/backend/app.py"
	retrace
	"$python" "$here/check_sdk.py"
}

lab_sample() {
	sample http://localhost:8080/api/users frontend "${@:-0.1}"
}

lab_logs() {
	STATE=$state "$python" "$here/logs.py" "$@"
}

lab "$@"
