#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Usage: build.sh OUT    the Zipkin server, one jar that needs Java 17, in OUT/zipkin/zipkin.jar; needs Maven.
set -eu
out=$(mkdir -p "$1/zipkin" && readlink -f "$1/zipkin")
jar=io.zipkin:zipkin-server:3.6.1:jar:exec
mvn -q -B dependency:copy "-Dartifact=$jar" "-DoutputDirectory=$out" >&2
mv "$out/zipkin-server-3.6.1-exec.jar" "$out/zipkin.jar"
