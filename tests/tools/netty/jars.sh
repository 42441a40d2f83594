#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Usage: jars.sh OUT    the jars of Netty, from Maven Central, in OUT/netty; needs Maven.
set -eu
out=$1/netty
[ ! -d "$out" ] || exit 0
mkdir -p "$out.part"
mvn -q -B -f "$(dirname "$0")/pom.xml" dependency:copy-dependencies "-DoutputDirectory=$(readlink -f "$out.part")" >&2
mv "$out.part" "$out"
