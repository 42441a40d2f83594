#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs a command on a stock Debian kernel under QEMU, in this very file tree (read-only, changes go to memory).
#
#	tests/vm/run.sh VERSION COMMAND...		VERSION: a line of tests/vm/kernels.txt, as 6.1
#
# The kernel comes from its Debian package, once, into $OUTPUT/vm. Needs qemu-system-x86, busybox and cpio; no KVM.
# Exit status: the command's; 124 after VM_TIMEOUT (300 s); 77 when the kernel cannot be had.
set -eu

version=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
cache=$(realpath -m "${OUTPUT:-$top/build}/vm/$version")
suite=$(awk -v v="$version" '$1 == v { print $2 }' "$here/kernels.txt")
[ -n "$suite" ] || { echo "no kernel $version in kernels.txt" >&2; exit 2; }

# The package of one suite, without touching the host's own list of sources.
fetch() {
	mkdir -p "$cache/apt/lists/partial" "$cache/apt/cache/archives/partial" "$cache/root"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $suite main" \
		> "$cache/apt/sources.list"
	set -- -qq -o Dir::Etc::sourcelist="$cache/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::State::lists="$cache/apt/lists" -o Dir::Cache="$cache/apt/cache" -o APT::Sandbox::User=root
	apt-get "$@" update
	package=$(apt-cache "$@" depends linux-image-amd64 | grep -o "linux-image-[0-9][^ ]*-amd64" | head -1)
	(cd "$cache" && apt-get "$@" download "$package")
	dpkg-deb -x "$cache"/linux-image-*.deb "$cache/root"
	rm -rf "$cache/apt" "$cache"/*.deb
}

# modules NAME...: their files and those they depend on, in the order of loading
modules() {
	[ -d "$cache/root/lib" ] || ln -s usr/lib "$cache/root/lib"
	base=$(echo "$cache"/root/lib/modules/*)
	[ -s "$base/modules.dep" ] || /sbin/depmod -b "$cache/root" "$(basename "$base")"
	for name in "$@"; do
		awk -F: -v n="/${name}[.]ko" '$1 ~ n { c = split($2, d, " "); while (c) print d[c--]; print $1 }' \
			"$base/modules.dep"
	done | awk '!seen[$0]++' | sed "s|^|$base/|"
}

initramfs() {
	root=$cache/initramfs
	rm -rf "$root"
	mkdir -p "$root/bin" "$root/mods" "$root/proc" "$root/sys" "$root/dev" "$root/mnt" "$root/rw" "$root/new"
	cp "$(command -v busybox)" "$root/bin/"
	n=100
	for m in $(modules virtio_pci 9pnet_virtio 9p overlay); do
		case $m in
		*.xz) xz -dc "$m" > "$root/mods/$n.ko" ;;
		*) cp "$m" "$root/mods/$n.ko" ;;
		esac
		n=$((n + 1))
	done
	cat > "$root/init" <<-'END'
		#!/bin/busybox sh
		/bin/busybox --install -s /bin
		mount -t proc p /proc; mount -t sysfs s /sys; mount -t devtmpfs d /dev
		for m in /mods/*.ko; do insmod $m; done
		mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,cache=loose,ro root /mnt
		mount -t tmpfs t /rw && mkdir /rw/u /rw/w
		mount -t overlay o -o lowerdir=/mnt,upperdir=/rw/u,workdir=/rw/w /new
		mount --move /proc /new/proc; mount --move /sys /new/sys; mount --move /dev /new/dev
		mount -t tmpfs t /new/tmp; mount -t tmpfs t /new/run; mount -t tmpfs t /new/dev/shm
		mount -t bpf b /new/sys/fs/bpf
		mkdir /new/out; mount -t 9p -o trans=virtio,version=9p2000.L out /new/out
		exec switch_root /new /bin/sh /out/guest.sh
	END
	chmod +x "$root/init"
	(cd "$root" && find . | cpio --quiet -o -H newc) > "$cache/initramfs.cpio"
	rm -rf "$root"
}

[ -d "$cache/root/boot" ] || fetch >&2 || { rm -rf "$cache"; echo "cannot get the kernel of $suite" >&2; exit 77; }
[ -f "$cache/initramfs.cpio" ] || initramfs

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
{
	echo "ip link set lo up"
	echo "cd '$PWD'"
	printf 'export OUTPUT=%s\n' "${OUTPUT:-build}"
	for arg in "$@"; do
		printf "'%s' " "$(printf %s "$arg" | sed "s/'/'\\\\''/g")"
	done
	echo "> /out/log 2>&1"
	echo "echo \$? > /out/status; sync; echo o > /proc/sysrq-trigger; sleep 60"
} > "$out/guest.sh"
timeout "${VM_TIMEOUT:-300}" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 2048 -nographic -no-reboot \
	-kernel "$cache"/root/boot/vmlinuz-* -initrd "$cache/initramfs.cpio" -append "console=ttyS0 quiet panic=-1" \
	-virtfs local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap \
	-virtfs local,path="$out",mount_tag=out,security_model=none \
	< /dev/null > "$out/console" 2>&1 || :
cat "$out/log" 2>/dev/null || tail -20 "$out/console"
exit "$(cat "$out/status" 2>/dev/null || echo 124)"
