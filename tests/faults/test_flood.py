# SPDX-License-Identifier: GPL-2.0-only
"""Memory is bounded by construction: more connections than are remembered, each with headers that never end."""

import os
import re
import subprocess
import time
from pathlib import Path

import pytest
from lab.procs import PYTHON
from lab.tracer import Tracer
from victim import assert_closed, counted

MANY = int(os.environ.get("MANY", 100000))
RING_MB = 32		# so that it is memory that is tried, and not overload
RSS_MAX_MB = 100	# incomplete heads 16 MB in buffers of up to twice that, 65,536 connections; beside the ring


def peak_mb(pid):
    return int(re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def flood(lab, count, head):
    """The tracer after a flood, and the number of connections it really was."""
    proc = subprocess.Popen([PYTHON, Path(__file__).parent / "flood.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            text=True, env={**os.environ, "COUNT": str(count), "HEAD": str(head)})
    try:
        tracer = Tracer(lab, "--pid", proc.pid, "--ring-size", f"{RING_MB}M")
        proc.stdin.write("go\n")
        proc.stdin.flush()
        n = int(proc.stdout.readline())
        time.sleep(1)	# until the tracer has digested it
        peak = peak_mb(tracer.pid) - 2 * RING_MB
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


def test_more_connections_than_are_remembered(lab, record_property):
    """100,000 with both ends here: three times as many as the table holds."""
    tracer, n, peak = flood(lab, MANY, 600)
    record_property("peak", f"{n} connections, {peak:.0f} MB")
    if n < 40000:
        pytest.skip(f"no more than {n} connections could be opened here")
    assert peak < RSS_MAX_MB, f"{peak:.0f} MB"
    assert_closed(tracer)
    assert counted(tracer, "connections forgotten") > 0
