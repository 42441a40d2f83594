#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Usage: build.sh OUT    builds the OpenTelemetry Collector of manifest.yaml into OUT/collector/otelcol, once; needs Go.
#
# The project publishes no Collector that "go install" takes; its builder writes a main program for a list of
# components, and is itself a module of the same version as they are.
set -eu
here=$(dirname "$(readlink -f "$0")")
out=$(mkdir -p "$1" && readlink -f "$1")
bin=$out/collector/otelcol
if [ -x "$bin" ]; then
	exit 0
fi
go=$("$here/../jaeger/go.sh" "$out")
version=$(sed -n 's/.*otlpreceiver \(v.*\)/\1/p' "$here/manifest.yaml")
mkdir -p "$out/collector"
cd "$out/collector"
# The builder looks for its compiler in PATH, and for the folder it writes from here.
PATH=$(dirname "$go"):$PATH
export PATH CGO_ENABLED=0
GOBIN=$PWD go install "go.opentelemetry.io/collector/cmd/builder@$version"
nice ./builder --config "$here/manifest.yaml" >&2
mv src/otelcol otelcol
