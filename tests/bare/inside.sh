#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: inside.sh DIR COMMAND    runs a shell command in the chroot DIR, in a mount namespace of its own: the mounts are
# gone with its last process, whatever happens. The client settings of this machine (proxies, certificates, package
# indexes) go along, without knowing what they say.
set -euo pipefail

if [ "${BARE_NAMESPACE:-}" != 1 ]; then
	exec env BARE_NAMESPACE=1 unshare --mount --propagation private "$0" "$@"
fi
dir=$1
mount --rbind /proc "$dir/proc"
mount --rbind /sys "$dir/sys"
mount --rbind /dev "$dir/dev"
mountpoint -q /sys/fs/bpf || mount -t bpf bpf "$dir/sys/fs/bpf" || :
settings=()
wanted='^(PIP_.*|GO(PROXY|SUMDB|NOSUMDB|PRIVATE|NOPROXY|FLAGS)|SSL_CERT_.*|(CURL|REQUESTS)_CA_BUNDLE|.*_(proxy|PROXY))$'
for name in $(compgen -e | grep -E "$wanted"); do
	settings+=("$name=${!name}")
done
exec env -i "${settings[@]}" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
	chroot "$dir" /bin/bash -euc "$2"
