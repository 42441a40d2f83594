# SPDX-License-Identifier: GPL-2.0-only
"""The shapes of tests/links/cases.py that are quick to run: what can be known is right, what cannot is nobody's child."""

import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "links"))

from cases import CASES  # noqa: E402
from measure import measure  # noqa: E402

REQUESTS = 300
CONCURRENCY = 32
STANDSTILL, EVERY = 20, 40  # requests: the tracer stands still during so many of so many


@pytest.mark.parametrize("case", [c for c in CASES if c.quick], ids=lambda c: c.name)
def test_calls_are_rightly_linked(lab, case, record_property):
    lack = case.needs()
    if lack:
        pytest.skip(lack)
    result = measure(lab, case, REQUESTS, CONCURRENCY)
    record_property("score", f"{dict(result.verdicts)} by {result.ways()}")
    assert result.seen == result.calls
    assert not case.calls or result.calls == REQUESTS * case.calls
    assert result.verdicts["right"] >= case.least * result.calls - case.warm_up, result
    assert result.sure_wrong == 0, result
    assert result.backs_wrong == 0, result


def held_up(tracer, paths):
    """The ring is filled by so many requests, however slow the machine is, and the tracer finds it full."""
    for n, path in enumerate(paths):
        if n % EVERY == 0:
            tracer.proc.tell(signal.SIGSTOP)
        elif n % EVERY == STANDSTILL:
            tracer.proc.tell(signal.SIGCONT)
        yield path
    tracer.proc.tell(signal.SIGCONT)


def test_what_is_left_out_makes_no_wrong_link(lab, record_property):
    """A worker's result is not brought to whom it brought the one before, and nobody is woken for a request that was over
    long before. Links say 0.85 then, and no more of them may be wrong."""
    case = next(c for c in CASES if c.name == "java-pool")
    lack = case.needs()
    if lack:
        pytest.skip(lack)
    result = measure(lab, case, 3000, 64, "--ring-size", "256K", pace=held_up)
    record_property("score", f"{dict(result.verdicts)} by {result.ways()}")
    assert result.seen < result.calls / 2
    assert result.verdicts["right"] > 50, result
    assert result.verdicts["wrong"] <= 0.15 * (result.verdicts["right"] + result.verdicts["wrong"]), result
    assert result.sure_wrong == 0, result
