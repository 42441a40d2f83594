#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: deb.sh TREE VERSION ARCH FILE    makes a package of the installed TREE. It has no scripts: there is nothing to
# configure, no service to start, and what it needs it finds.
set -euo pipefail
tree=$1 version=$2 arch=$3 file=$4

strip --strip-unneeded "$tree/usr/bin/ebpf-tracer"
gzip -9nf "$tree/usr/share/man/man8/ebpf-tracer.8"
install -D -m 644 README.md "$tree/usr/share/doc/ebpf-tracer/README.md"
cat >"$tree/usr/share/doc/ebpf-tracer/copyright" <<EOF
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: ebpf-tracer

Files: *
Copyright: the authors of ebpf-tracer
License: GPL-2
 On Debian systems the full text is in /usr/share/common-licenses/GPL-2.
EOF

# dpkg-shlibdeps wants a source package around it.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/debian"
printf 'Source: ebpf-tracer\n\nPackage: ebpf-tracer\nArchitecture: any\n' >"$work/debian/control"
depends=$(cd "$work" && dpkg-shlibdeps -O "$OLDPWD/$tree/usr/bin/ebpf-tracer" 2>/dev/null | sed 's/^shlibs:Depends=//')

mkdir -p "$tree/DEBIAN"
cat >"$tree/DEBIAN/control" <<EOF
Package: ebpf-tracer
Version: $version
Architecture: $arch
Maintainer: the ebpf-tracer maintainers <maintainers@ebpf-tracer.invalid>
Installed-Size: $(du -sk --apparent-size "$tree/usr" | cut -f1)
Depends: $depends
Recommends: ca-certificates
Section: net
Priority: optional
Description: distributed traces of services as they are
 Watches the sockets of the processes you name, rebuilds every HTTP request
 and response with eBPF, finds which request caused which call, and sends
 the spans as OTLP. No code change, no restart, nothing injected.
EOF
(cd "$tree" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$tree/DEBIAN/md5sums"
chmod -R u=rwX,go=rX "$tree"
dpkg-deb --root-owner-group -Zxz --build "$tree" "$file" >/dev/null
echo "$file"
