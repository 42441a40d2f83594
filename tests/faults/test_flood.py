# SPDX-License-Identifier: GPL-2.0-only
"""Memory is bounded by construction: more connections than are remembered, each with headers that never end."""

import math
import os
import re
import subprocess
import time
from pathlib import Path

import pytest
from lab.otlp import SERVER
from lab.procs import PYTHON
from lab.tracer import Tracer
from victim import assert_closed, counted

MANY = int(os.environ.get("MANY", 100000))
# So that it is memory that is tried, and not overload: the ring is not half full when nothing of it is read.
RING_BYTES = 1200	# of the records of one connection, both ends, and as much again for each 600 bytes of its headers
REMEMBERED = 65536	# abi/limits.h
RSS_MAX_MB = 100	# abi/limits.h; beside the ring


def held_mb(pid):
    """Memory of its own; the ring, which is mapped, counts as a file."""
    return int(re.search(r"RssAnon:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def ring_mb(count, head):
    """A power of two."""
    need = 2 * count * RING_BYTES * (1 + head / 600)
    return 1 << max(5, math.ceil(math.log2(need / (1 << 20))))


def flood(lab, count, head, **env):
    """The tracer after a flood, and the number of connections it really was."""
    proc = subprocess.Popen([PYTHON, Path(__file__).parent / "flood.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            text=True, env={**os.environ, "COUNT": str(count), "HEAD": str(head), **env})
    try:
        tracer = Tracer(lab, "--pid", proc.pid, "--ring-size", f"{ring_mb(count, head)}M")
        proc.stdin.write("go\n")
        proc.stdin.flush()
        n = int(proc.stdout.readline())
        time.sleep(1)	# until the tracer has digested it
        peak = held_mb(tracer.pid)
        proc.stdin.write("end\n")
        proc.stdin.flush()
        proc.wait(120)
    finally:
        proc.kill()
    assert tracer.proc.wait(120) == 0
    return tracer, n, peak


@pytest.mark.short
def test_thousands_of_endless_headers(lab, record_property):
    tracer, n, peak = flood(lab, 8000, 4096)
    record_property("peak", f"{peak:.0f} MB")
    assert n == 8000
    assert peak < RSS_MAX_MB, f"{peak:.0f} MB"
    assert_closed(tracer)
    assert tracer.books()["received"]["user"]["resynchronising"] > 0, "the bound was not reached"


@pytest.mark.short
def test_thousands_of_requests_that_nobody_answers(lab, record_property):
    """They wait for as long as their connections are open, and then are told: the server has served none."""
    tracer, n, peak = flood(lab, 4000, 60, COMPLETE="1")
    record_property("peak", f"{peak:.0f} MB")
    assert n == 4000 and peak < RSS_MAX_MB, f"{n} connections, {peak:.0f} MB"
    spans = tracer.spans()
    served = [s for s in spans if s.kind == SERVER]
    assert len(spans) == 2 * n == 2 * len(served)
    assert all(s.attributes.get("error.type") == "connection_closed" for s in served)
    assert_closed(tracer)


@pytest.mark.parametrize("env", [{}, {"COMPLETE": "1"}], ids=["endless", "unanswered"])
def test_more_connections_than_are_remembered(lab, record_property, env):
    """100,000 with both ends here: three times as many as the table holds."""
    tracer, n, peak = flood(lab, MANY, 600, **env)
    record_property("peak", f"{n} connections, {peak:.0f} MB")
    if n < 40000:
        pytest.skip(f"no more than {n} connections could be opened here")
    assert peak < RSS_MAX_MB, f"{peak:.0f} MB"
    assert_closed(tracer)
    assert counted(tracer, "connections forgotten") >= 2 * n - REMEMBERED
