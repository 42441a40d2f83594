#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Cuts the BTF out of an uncompressed kernel image: vmlinux/btf.sh IMAGE > BTF. On arm64, /boot/vmlinuz-* of Debian is one.
set -eu

# struct btf_header: magic, version, flags, its length (24), then offset and length of types and of strings behind it.
at=$(LC_ALL=C grep -obUaP '\x9f\xeb\x01\x00\x18\x00\x00\x00' "$1" | head -1 | cut -d: -f1)
[ -n "$at" ] || { echo "no BTF in $1: is it compressed?" >&2; exit 1; }
number() { od -An -tu4 -j$((at + $1)) -N4 "$2" | tr -d ' '; }
size=$((24 + $(number 16 "$1") + $(number 20 "$1")))
tail -c +$((at + 1)) "$1" | head -c "$size"
