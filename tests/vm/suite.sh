#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: suite.sh PROVIDER,...    what is tested on one kernel, in TAP lines; run in the guest by run.sh. Lines of all.py:
# "doctor ..." what doctor says, "verified PROVIDER PROGRAM N" how much the verifier had to walk.
cd "$(dirname "$0")/../.." || exit 1
export PROVIDERS=$1 PYTHON=${PYTHON:-/usr/bin/python3} PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=tests:tests/e2e:tests/vm
export VERIFIED=/tmp/verified CMOCKA_MESSAGE_OUTPUT=TAP
status=0
echo "release $(uname -r)"
"$OUTPUT/ebpf-tracer" doctor | sed 's/^/doctor /'

for provider in ${PROVIDERS//,/ }; do
	for test in "$OUTPUT"/tests/bpf/prog_*; do
		[ -x "$test" ] || continue
		CAPTURE=$provider "$test" 2>&1 || status=1
	done | sed -uE "s/^(ok|not ok) ([0-9]+ )?(- )?/\1 $provider: /"
done
$PYTHON -m pytest -c tests/e2e/pytest.ini --rootdir tests/vm -p no:terminal -p report -p conftest tests/vm/test_guest.py ||
	status=1
cat $VERIFIED
exit $status
