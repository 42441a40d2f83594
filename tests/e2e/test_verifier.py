# SPDX-License-Identifier: GPL-2.0-only
"""What the verifier walks is recorded for Debian's kernels (tests/vm/verified.txt); here it is not much more."""

import pytest
from lab.tracer import Tracer
from lab.verified import jumps, recorded, verified


@pytest.mark.quick
@pytest.mark.parametrize("provider", ["socket", "syscall"])
def test_the_verifier_walks_no_more_than_recorded(lab, provider):
    tracer = Tracer(lab, "--all", "--capture", provider, exporter="none")
    counts = verified(tracer.pid)
    tracer.stop()
    if not any(counts.values()):
        pytest.skip("this kernel does not tell (Linux 5.16)")
    worst = {}
    for kernel in recorded().values():
        worst = {x: max(kernel.get(x, 0), worst.get(x, 0)) for x in kernel | worst}
    assert not jumps(counts, worst)
