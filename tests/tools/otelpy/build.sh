#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Usage: build.sh OUT    a Python with OpenTelemetry's SDK and zero-code instrumentation in OUT/otelpy.
set -eu
here=$(dirname "$(readlink -f "$0")")
out=$(mkdir -p "$1" && readlink -f "$1")/otelpy
"${PYTHON:-python3}" -m venv "$out"
"$out/bin/pip" install --quiet --requirement "$here/requirements.txt"
touch "$out/ready"
