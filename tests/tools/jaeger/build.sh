#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Usage: build.sh OUT [hotrod]    builds Jaeger, or its demo application, into OUT/jaeger, once; needs Go (see go.sh).
#
# The checksums are Jaeger's own: the go.sum inside the downloaded module is the one its
# maintainers committed, and without it some look-ups in the checksum database answer 404.
set -eu
here=$(dirname "$(readlink -f "$0")")
out=$(mkdir -p "$1" && readlink -f "$1")
program=${2:-jaeger}
case $program in
jaeger) package=cmd/jaeger ;;
hotrod) package=examples/hotrod ;;
*) echo "build.sh: there is jaeger and hotrod, no '$program'" >&2; exit 2 ;;
esac
bin=$out/jaeger/$program
if [ -x "$bin" ]; then
	exit 0
fi
go=$("$here/go.sh" "$out")
version=$(sed -n 's/^require .*jaeger \(v.*\)/\1/p' "$here/go.mod")
src=$out/jaeger/src
mkdir -p "$src"
cp "$here/go.mod" "$src/"
cd "$src"
dir=$(GOFLAGS=-mod=mod "$go" mod download -json "github.com/jaegertracing/jaeger@$version" |
	sed -n 's/^.*"Dir": "\(.*\)",*$/\1/p')
cp "$dir/go.sum" go.sum
chmod u+w go.sum
CGO_ENABLED=0 nice "$go" build -mod=mod -trimpath -ldflags='-s -w' -o "$bin.new" \
	"github.com/jaegertracing/jaeger/$package"
mv "$bin.new" "$bin"
