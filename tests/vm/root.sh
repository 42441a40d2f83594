#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: root.sh MACHINE DIR    makes DIR a Debian 12 of another processor: what the program is cross-built against, and
# what a guest with that processor runs. The packages are unpacked, nothing of them is run, so it is a root for tests and
# no more. One that is there already is not made again.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=apt.sh
. tests/vm/apt.sh
machine=$1 dir=$2.new
suite=bookworm
packages="base-files bash dash coreutils findutils grep sed mawk mount util-linux iproute2 procps busybox-static kmod bpftool
	python3 python3-pytest libc6-dev libgcc-12-dev libbpf-dev libcurl4-openssl-dev libprotobuf-c-dev zlib1g-dev uuid-dev
	libcmocka-dev"

[ ! -e "$2/usr/bin/python3" ] || exit 0
rm -rf "$dir"
mkdir -p "$dir"/{proc,sys,dev,etc,tmp,usr/{bin,sbin,lib},apt}
dir=$(realpath "$dir")
apt_below "$dir/apt" $suite "$(debian_arch "$machine")"
# shellcheck disable=SC2086 # a list
apt-get -q -y --no-install-recommends --download-only install $packages

for folder in bin sbin lib; do
	ln -s usr/$folder "$dir/$folder"
done
for deb in "$dir"/apt/cache/archives/*.deb; do
	dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$dir"
done
echo root:x:0:0:root:/root:/bin/bash >"$dir/etc/passwd"
echo root:x:0: >"$dir/etc/group"
echo 127.0.0.1 localhost >"$dir/etc/hosts"
rm -rf "$dir/apt"
rm -rf "$2"
mv "$dir" "$2"
