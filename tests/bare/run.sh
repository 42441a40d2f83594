#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: run.sh [readme | examples]
# Proves the README on a bare machine: a minimal Debian 12 in a chroot, on this machine's kernel, in which the demo, the
# build and the quick tests run from a fresh clone; or each example, in a chroot that no other has installed anything in.
# Needs root, debootstrap, git.
# shellcheck disable=SC2016 # the commands in single quotes are for the shell inside
set -euo pipefail

root=$(readlink -f "$(dirname "$0")/../..")
suite=bookworm
work=${OUTPUT:-$root/build}/bare
dir=$work/$suite

copy() {
	[ -e "$1" ] || return 0
	mkdir -p "$dir$(dirname "$1")"
	cp -aL "$1" "$dir$(dirname "$1")/"
}

copy_settings() {
	local f
	python3 "$root/tests/bare/apt_sources.py" $suite > "$dir/etc/apt/sources.list"
	for f in /etc/apt/apt.conf /etc/apt/apt.conf.d/* /etc/apt/auth.conf.d/*; do
		dpkg-query -S "$f" >/dev/null 2>&1 || copy "$f"
	done
	for f in /etc/resolv.conf /etc/hosts /etc/pip.conf /root/.config/pip /root/.pip /root/.config/go /root/.netrc; do
		copy "$f"
	done
	# Also where installing ca-certificates looks, which writes the bundle anew.
	copy /etc/ssl/certs/ca-certificates.crt
	mkdir -p "$dir/usr/local/share/ca-certificates"
	cp -L /etc/ssl/certs/ca-certificates.crt "$dir/usr/local/share/ca-certificates/host.crt"
}

make_chroot() {
	rm -rf --one-file-system "$work"
	mkdir -p "$work"
	# Its log is long and of interest only when it fails.
	if ! debootstrap --variant=minbase $suite "$dir" "$(python3 "$root/tests/bare/apt_sources.py" --mirror $suite)" \
			> "$work/debootstrap.log" 2>&1; then
		tail -20 "$work/debootstrap.log"
		return 1
	fi
	copy_settings
	git -c safe.directory='*' clone -q --no-hardlinks "$root" "$dir/src"
	# What was built for the tests outside is not built twice.
	if [ -x "$root/build/tools/jaeger/jaeger" ]; then
		install -D "$root/build/tools/jaeger/jaeger" "$dir/src/build/tools/jaeger/jaeger"
	fi
}

step() {
	local name=$1 began=$SECONDS
	shift
	echo "--- bare machine: $name"
	"$@" || { echo "--- bare machine: $name: failed"; exit 1; }
	echo "--- bare machine: $name: $((SECONDS - began)) s"
}

enter() {
	"$root/tests/bare/inside.sh" "$dir" "$1"
}

prove_readme() {
	step "make demo" enter 'cd /src && DEMO_ONCE=1 make demo > /tmp/demo.log 2>&1 || { tail -60 /tmp/demo.log; exit 1; }; sed -n "/==>/,\$p" /tmp/demo.log'
	step "make deps" enter 'cd /src && make deps > /tmp/deps.log 2>&1 || { tail -20 /tmp/deps.log; exit 1; }'
	step "make" enter 'cd /src && make clean && make -j"$(nproc)" DEV=1'
	step "make test SUBSET=quick" enter 'cd /src && make -j"$(nproc)" test SUBSET=quick'
}

# One after the other: they use the same ports.
prove_examples() {
	local bare=$dir example
	for example in "$root"/examples/*/run.sh; do
		example=$(basename "$(dirname "$example")")
		dir=$work/$example
		cp -a "$bare" "$dir"
		step "examples/$example" enter "
			cd /src/examples/$example
			./run.sh install > /tmp/install.log 2>&1 || { tail -20 /tmp/install.log; exit 1; }
			trap './run.sh down' EXIT
			./run.sh up && ./run.sh test"
		rm -rf --one-file-system "$dir"
	done
}

trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 1' INT TERM
what=${1:-readme}
[[ $what = readme || $what = examples ]] || { sed -n 's/^# Usage: /usage: /p' "$0" >&2; exit 2; }
step "minimal Debian 12" make_chroot
step "apt-get install make git" enter 'apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends make git >/dev/null'
"prove_$what"
