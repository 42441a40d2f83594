#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The first process of the guest, in its initial ramdisk, with busybox and no more: takes the root it is given, read-only
# and under a layer of memory for what is written, and goes on there with /session. run.sh writes that, and fills in which
# serial line is for the output, and where the source tree is if it is not in that root.
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
stty -F /dev/@OURS@ raw -echo
exec >/dev/@OURS@ 2>&1

give_up() {
	echo "the guest gives up: $*"
	poweroff -f
}

for module in /modules/*.ko; do
	insmod "$module" || give_up "insmod $module failed"
done
mkdir -p /lower /upper /root
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro root /lower || give_up "no root over 9p"
mount -t tmpfs -o size=75% upper /upper
mkdir /upper/data /upper/work
mount -t overlay -o lowerdir=/lower,upperdir=/upper/data,workdir=/upper/work root /root || give_up "no overlay"
if grep -q tree /sys/bus/virtio/drivers/9pnet_virtio/*/mount_tag; then
	mkdir -p "/root@TREE@"
	mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro tree "/root@TREE@" || give_up "no tree over 9p"
fi
for dir in proc sys dev; do
	mount --move /$dir /root/$dir
done
cp /session /root/dev/session
exec switch_root /root /bin/bash /dev/session
