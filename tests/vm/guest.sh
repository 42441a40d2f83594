#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: guest.sh COMMAND...    the first process of the guest once it has its root: makes it a machine, runs the command,
# says how it ended and turns the guest off.  /tmp stays what it is below the layer of memory: the tree may be there.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
busybox hostname guest
mount -t tmpfs run /run
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t securityfs securityfs /sys/kernel/security
mkdir -p /dev/pts /dev/shm
mount -t devpts pts /dev/pts
mount -t tmpfs shm /dev/shm
ip link set lo up
"$@" </dev/null
echo "exit status $?"
busybox poweroff -f
