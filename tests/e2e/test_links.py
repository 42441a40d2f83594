# SPDX-License-Identifier: GPL-2.0-only
"""The shapes of tests/links/cases.py that are quick to run: what can be known is right, what cannot is nobody's child."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "links"))

from cases import CASES  # noqa: E402
from measure import measure  # noqa: E402

REQUESTS = 300
CONCURRENCY = 32


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


def test_what_is_left_out_makes_no_wrong_link(lab, record_property):
    """Most exchanges are, with so small a ring: a worker's result is not brought to whom it brought the one before. Links
    say 0.85 then, and no more of them may be wrong, with the few records that the ring has no room for at the beginning."""
    case = next(c for c in CASES if c.name == "java-pool")
    lack = case.needs()
    if lack:
        pytest.skip(lack)
    result = measure(lab, case, 3000, 64, "--ring-size", "256K")
    record_property("score", f"{dict(result.verdicts)} by {result.ways()}")
    assert result.seen < result.calls / 2
    assert result.verdicts["right"] > 50, result
    assert result.verdicts["wrong"] <= 0.15 * (result.verdicts["right"] + result.verdicts["wrong"]), result
    assert result.sure_wrong == 0, result
