# SPDX-License-Identifier: GPL-2.0-only
"""A process that becomes another program: what was learnt of its threads before says nothing of them now."""

import signal
import sys
from pathlib import Path

import pytest
from lab import load
from lab.procs import PYTHON, SERVICES, free_port, listens, wait_until
from lab.tracer import Tracer

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "links"))

from cases import modules  # noqa: E402
from measure import Result, judge, made  # noqa: E402

REQUESTS, AT_ONCE = 40, 8


def test_a_server_that_starts_itself_anew_is_read_anew(lab):
    lack = modules("aiohttp")()
    if lack:
        pytest.skip(lack)
    port, back = free_port(), free_port()
    env = {"BACKEND": f"http://127.0.0.1:{back}", "TRUTH": str(lab.folder / "truth.txt"), "HOW": "gather"}
    lab.serve("back", [PYTHON, SERVICES / "stdlib.py", "back"], back, {"HOW": "direct", "PORT": str(back)})
    tracer = Tracer(lab, "--", PYTHON, SERVICES / "again.py", SERVICES / "aio.py", env={**env, "PORT": str(port)})
    wait_until(lambda: listens(port), 60, "service")
    load.run(port, [f"/work/{n:05d}" for n in range(REQUESTS)], AT_ONCE)
    tracer.proc.stop(signal.SIGTERM)
    result = Result()
    judge(result, made(lab), tracer.spans(), "/work/")
    assert result.verdicts["right"] >= 3 * REQUESTS - 3, result
    assert result.sure_wrong == 0, result
