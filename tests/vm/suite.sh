#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: suite.sh PROVIDER,... [PROVIDER,...]    what is tested on one kernel, in TAP lines; run in the guest by run.sh.
# The second list, the first if it is left out: under which providers the trigger tests run. They load the programs anew
# for each test, which takes an emulated processor seconds.
# Lines for all.py: "doctor ..." what doctor says, "verified PROVIDER PROGRAM N" how much the verifier had to walk.
cd "$(dirname "$0")/../.." || exit 1
export PROVIDERS=$1 PYTHON=${PYTHON:-/usr/bin/python3} PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=tests:tests/e2e
export PATIENCE=10 # an emulated processor, of which others may have a share
export VERIFIED=/tmp/verified CMOCKA_MESSAGE_OUTPUT=TAP
status=0
echo "release $(uname -r)"
"$OUTPUT/ebpf-tracer" doctor | sed 's/^/doctor /'

triggered=${2:-$PROVIDERS}
for provider in ${triggered//,/ }; do
	for test in "$OUTPUT"/tests/bpf/prog_*; do
		[ -x "$test" ] || continue
		CAPTURE=$provider "$test" 2>&1 || echo "not ok $(basename "$test") ended with status $?"
	done | sed -uE "s/^(ok|not ok) ([0-9]+ )?(- )?/\1 $provider: /"
done
"$OUTPUT/tests/guard/test_guard" 2>&1 || echo "not ok test_guard ended with status $?"
$PYTHON -m pytest -c tests/e2e/pytest.ini --rootdir tests/vm -p no:terminal -p report -p conftest tests/vm/test_guest.py ||
	status=1
cat $VERIFIED
exit $status
