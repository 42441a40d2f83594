#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Two builds of this commit, in folders of different names, one job and several: the same bytes.
set -euo pipefail
root=$(readlink -f "$(dirname "$0")/../..")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# build FOLDER JOBS
build() {
	git -c safe.directory='*' clone -q "$root" "$1"
	make -C "$1" -j"$2" tarball >"$1.log" 2>&1 || { tail -20 "$1.log" >&2; return 1; }
	sha256sum "$1"/build/ebpf-tracer "$1"/build/ebpf-tracer-*.tar.gz | cut -d' ' -f1
}

one=$(build "$work/one" 1)
two=$(build "$work/another/further-down" "$(nproc)")
if [ "$one" = "$two" ]; then
	echo "ok reproducible build"
else
	printf 'not ok reproducible build\n%s\n%s\n' "$one" "$two"
	exit 1
fi
