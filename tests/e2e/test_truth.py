# SPDX-License-Identifier: GPL-2.0-only
"""5,000 requests at concurrency 32 in three kinds of server: every one has its three spans, rightly linked."""

import os

import pytest
from lab import load, score, tiers
from lab.tracer import Tracer

REQUESTS = int(os.environ.get("TRUTH_REQUESTS", 5000))
CONCURRENCY = 32


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["flask", "gunicorn", "stdlib"])
def test_every_request_is_rightly_linked(lab, kind, record_property):
    port, front, back = tiers.start(lab, kind)
    tracer = Tracer(lab, "--pid", front, "--pid", back)
    result = load.run(port, [f"/work/{n:05d}" for n in range(REQUESTS)], CONCURRENCY)
    assert not result.failed, result.failed[:5]
    spans = tracer.stop()
    found = score.score(spans, score.read_truth(lab.folder))
    record_property("score", str(found))
    assert found.requests == REQUESTS
    assert found.perfect(), str(found)
