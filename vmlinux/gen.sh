#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Makes the minimal vmlinux.h of one architecture: vmlinux/gen.sh BTF > vmlinux/ARCH/vmlinux.h
# BTF is a file with BTF data: /sys/kernel/btf/vmlinux, or what vmlinux/btf.sh cuts out of a kernel image.
set -eu

here=$(dirname "$0")
bpftool=${BPFTOOL:-$(command -v bpftool || echo /usr/sbin/bpftool)}
dump=$(mktemp)
trap 'rm -f "$dump"' EXIT
"$bpftool" btf dump file "$1" format c > "$dump"

cat <<'END'
/* SPDX-License-Identifier: GPL-2.0-only */
/* Made by vmlinux/gen.sh from vmlinux/types.list and a kernel's BTF; do not edit. */
#ifndef VMLINUX_H
#define VMLINUX_H

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

END
awk -f "$here/gen.awk" "$here/types.list" "$dump"
cat <<'END'
#pragma clang attribute pop

#endif
END
