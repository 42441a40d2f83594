#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: run.sh NAME COMMAND...    runs a command on a kernel of kernels.txt (debian-6.1, or 6.1) under QEMU, without
# hardware virtualisation, in this very file tree: read-only, what it writes goes to memory. Its output comes out here,
# its exit status is ours; 124: it did not end within VM_SECONDS (900); 77: QEMU or the kernel cannot be had. What the
# kernel said is in $OUTPUT/vm/NAME.log. A guest with another processor than ours has
# the root that root.sh makes, this source tree in it, and as its OUTPUT what `make cross` builds.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
output=$(realpath -m "${OUTPUT:-$here/../../build}")
PATH=$PATH:/usr/sbin:/sbin

read -r name suite package machine _ words < <(awk -v n="$1" '$1 == n || $1 == "debian-" n' "$here/kernels.txt") ||
	{ echo "$here/kernels.txt has no kernel $1" >&2; exit 2; }
shift
needs=()
case $machine in
x86_64)
	qemu=(-cpu max -serial stdio)
	# A kernel that counts too few interrupts of its timer, because QEMU had no processor meanwhile, gives up.
	append="console=ttyS0 mitigations=off random.trust_cpu=on no_timer_check"
	ours=ttyS1
	;;
aarch64)
	# What signs pointers by the book takes most of an emulated processor's time.
	qemu=(-M virt -cpu "max,pauth-impdef=on" -chardev "stdio,id=ours" -device "pci-serial,chardev=ours")
	append=console=ttyAMA0
	ours=ttyS0
	needs=(aarch64-linux-gnu-gcc)
	;;
esac
for tool in "qemu-system-$machine" "${needs[@]}" busybox depmod xz; do
	command -v "$tool" >/dev/null || { echo "$tool is not installed (make deps-vm)" >&2; exit 77; }
done
vm=$output/vm/$name log=$output/vm/$name.log
mkdir -p "$output/vm"
"$here/fetch.sh" "$suite" "$package" "$machine" "$vm" >"$log" 2>&1 || {
	grep '^[EW]:' "$log" | tail -n 3 >&2
	echo "the kernel of Debian $suite cannot be had" >&2
	exit 77
}
lower=/ busybox=$(command -v busybox)
if [ "$machine" != "$(uname -m)" ]; then
	lower=$output/vm/root-$machine busybox=$lower/bin/busybox
	"$here/root.sh" "$machine" "$lower" >>"$log" 2>&1 || { echo "no Debian of $machine can be had" >&2; exit 77; }
	make --no-print-directory OUTPUT="$output" cross >"$log" 2>&1 || { tail -n 20 "$log" >&2; exit 1; }
	output=$output/$machine
	qemu+=(-virtfs "local,path=$PWD,mount_tag=tree,security_model=none,readonly=on,multidevs=remap")
fi

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/ramdisk/{bin,dev,proc,sys,modules}
cp "$busybox" "$root/ramdisk/bin/busybox"
for applet in sh mount stty insmod mkdir cp grep poweroff switch_root; do
	ln -s busybox "$root/ramdisk/bin/$applet"
done
cp "$vm"/modules/* "$root/ramdisk/modules/"
sed "s|@OURS@|$ours|; s|@TREE@|$PWD|" "$here/init.sh" >"$root/ramdisk/init"
chmod 755 "$root/ramdisk/init"
printf 'cd %q\nexport OUTPUT=%q\nexec %q' "$PWD" "$output" "$here/guest.sh" >"$root/ramdisk/session"
printf ' %q' "$@" >>"$root/ramdisk/session"
(cd "$root/ramdisk" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1) >"$root/ramdisk.gz"

# One thread for all processors: with one each, code that the kernel patches while another processor runs it (tracepoints
# that come and go) was seen stale, and 6.12 died of an int3 that nobody had asked for (QEMU 7.2).
# The console is the first serial line, the command's output the second.
timeout "${VM_SECONDS:-900}" "qemu-system-$machine" -accel tcg,thread=single -smp 2 -m 1536 \
	-kernel "$vm/vmlinuz" -initrd "$root/ramdisk.gz" -append "$append loglevel=5 panic=-1 $words" \
	-virtfs "local,path=$lower,mount_tag=root,security_model=none,readonly=on,multidevs=remap" \
	-nodefaults -no-user-config -no-reboot -display none -serial "file:$log" "${qemu[@]}" </dev/null |
	tr -d '\r' | awk -v file="$root/status" '/^exit status [0-9]+$/ { print $3 >file; next } { print; fflush() }' ||
	echo "the guest did not come to its end" >&2
exit "$(cat "$root/status" 2>/dev/null || echo 124)"
