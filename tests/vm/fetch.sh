#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: fetch.sh SUITE PACKAGE MACHINE DIR    gets the newest kernel of a Debian suite into DIR: vmlinuz, release, and in
# modules/ what the guest loads, in that order. A kernel that is there already is not fetched again.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=apt.sh
. tests/vm/apt.sh
suite=$1 package=$2 machine=$3 dir=$4.new
# Storage of the root, the root itself, and what the tests ask of the network.
wanted="virtio_pci 9pnet_virtio 9p overlay veth unix_diag tcp_diag"

[ ! -e "$4/release" ] || exit 0
rm -rf "$dir"
mkdir -p "$dir/root" "$dir/modules"
dir=$(realpath "$dir")
apt_below "$dir/apt" "$suite" "$(debian_arch "$machine")"

# The meta package leads to the image, which newer suites split in two: the program and its modules.
mapfile -t parts < <(apt-cache depends --recurse --important "$package" | grep -E '^linux-(image|binary|modules)-[0-9]')
(cd "$dir/apt/cache" && apt-get -q download "${parts[@]}")
for deb in "$dir"/apt/cache/*.deb; do
	dpkg-deb -x "$deb" "$dir/root"
done
[ -e "$dir/root/lib" ] || ln -s usr/lib "$dir/root/lib"
release=$(basename "$dir"/root/lib/modules/*)
# Once in /boot, in newer suites beside the modules.
find "$dir/root" -type f -name "vmlinuz*" -exec cp {} "$dir/vmlinuz" \;

PATH=$PATH:/usr/sbin:/sbin
depmod -b "$dir/root" "$release"
n=100
# A module that this kernel has built in, or not at all, has no file.
for module in $wanted; do
	modprobe -d "$dir/root" -S "$release" --show-depends "$module" 2>/dev/null || :
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
	name=$(basename "$file")
	case $name in
	*.xz) xz -dc "$file" >"$dir/modules/$n-${name%.xz}" ;;
	*) cp "$file" "$dir/modules/$n-$name" ;;
	esac
	n=$((n + 1))
done
rm -rf "$dir/root" "$dir/apt"
echo "$release" >"$dir/release"
rm -rf "$4"
mv "$dir" "$4"
