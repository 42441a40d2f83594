#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Who may include whom: each folder sees only what stands before it on the data's way (CONTRIBUTING.md has the diagram).
set -eu
cd "$(dirname "$0")/../.."
bad=0

# check FOLDER ALLOWED...: the quoted includes of its files that are neither beside them nor allowed
check() {
	folder=$1
	shift
	allowed=$(printf '%s\n' "$@" | sed 's|[.]|[.]|g; s|/$|/.*|' | paste -sd'|')
	found=$(grep -rnE '^#include "' "$folder" --include='*.[ch]' --exclude='*.bpf.c' |
		grep -vE "#include \"(($allowed)\"|[^/]*\")" || :)
	[ -z "$found" ] && return
	printf 'not ok layers: %s includes what it must not see\n%s\n' "$folder" "$found"
	bad=1
}

check include/abi	abi/
check user/base		base/
check user/host		base/ host/ abi/
check user/proto	base/ abi/ proto/
check user/trace	base/ abi/ proto/ trace/ host/resource.h
check user/guard	base/ guard/
check user/export	base/ export/ abi/limits.h trace/span.h trace/log_line.h trace/links.def host/resource.h otlp.pb-c.h
check user/strand	base/ abi/ host/ strand/
check user/kern		base/ abi/ host/ kern/ tracer.skel.h

# Nothing below the program itself may know of the program, and only kern/ knows libbpf, only export/ knows libcurl.
for rule in 'bpf/libbpf.h|bpf/bpf.h|bpf/btf.h:user/kern' 'curl/curl.h|protobuf-c:user/export' 'linux/seccomp.h|linux/landlock.h:user/guard'; do
	headers=${rule%:*}
	owner=${rule#*:}
	found=$(grep -rnE "^#include <($headers)" user --include='*.[ch]' | grep -v "^$owner/" | grep -v '^user/version[.]c:' || :)
	[ -z "$found" ] && continue
	printf 'not ok layers: only %s may include <%s>\n%s\n' "$owner" "$headers" "$found"
	bad=1
done
[ $bad = 0 ] && echo "ok layers"
exit $bad
