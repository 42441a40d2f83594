#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: bare.sh PACKAGE    installs it with what it needs in a minimal Debian 12, runs it, installs it again as a newer
# version, and removes it: nothing of it is left.
set -euo pipefail
root=$(readlink -f "$(dirname "$0")/../..")
work=${OUTPUT:-$root/build}/deb-bare
dir=$work/bookworm

enter() {
	"$root/tests/bare/inside.sh" "$(readlink -f "$dir")" "$1"
}

files() {
	(cd "$dir" && find usr etc -not -path '*/__pycache__*' | sort)
}

trap 'rm -rf --one-file-system "$work"' EXIT
rm -rf --one-file-system "$work"
mkdir -p "$work"
debootstrap --variant=minbase bookworm "$dir" "$(python3 "$root/tests/bare/apt_sources.py" --mirror bookworm)" \
	>"$work/log" 2>&1 || { tail -20 "$work/log"; exit 1; }
python3 "$root/tests/bare/apt_sources.py" bookworm >"$dir/etc/apt/sources.list"
for f in /etc/apt/apt.conf /etc/apt/apt.conf.d/* /etc/apt/auth.conf.d/* /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt; do
	if [ -e "$f" ] && ! dpkg-query -S "$f" >/dev/null 2>&1; then
		install -D "$f" "$dir$f"
	fi
done
cp "$1" "$dir/one.deb"
dpkg-deb -R "$1" "$work/two"
sed -i 's/^Version: .*/Version: 999/' "$work/two/DEBIAN/control"
dpkg-deb --root-owner-group -b "$work/two" "$dir/two.deb" >/dev/null

apt='DEBIAN_FRONTEND=noninteractive apt-get -qy --no-install-recommends'
enter "apt-get -q update && $apt install ./one.deb && ebpf-tracer --version" >"$work/log" 2>&1 || { tail -20 "$work/log"; exit 1; }
echo "ok the package installs with what it needs, and runs"
enter "$apt install ./two.deb && dpkg-query -W ebpf-tracer | grep -q 999" >"$work/log" 2>&1 || { tail -20 "$work/log"; exit 1; }
echo "ok a newer one replaces it"
enter "$apt remove --purge ebpf-tracer" >"$work/log" 2>&1 || { tail -20 "$work/log"; exit 1; }
if files | grep ebpf-tracer; then
	echo "not ok nothing is left of it"
	exit 1
fi
echo "ok nothing is left of it"
