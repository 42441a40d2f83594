# SPDX-License-Identifier: GPL-2.0-only
"""Every allocation fails once, of the whole program with its libraries; a sweep takes one in STRIDE (all: STRIDE=1)."""

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from lab.procs import BUILD, ROOT, TRACER
from lab.tracer import read_books

PRELOAD = BUILD / "tests/faults/failmalloc.so"
STRIDE = int(os.environ.get("STRIDE", 13))
RECORDING = ROOT / "tests/replay/two-services.rec"


def replay(exporter, fail_at=None):
    env = {**os.environ, "LD_PRELOAD": str(PRELOAD), "OTEL_EXPORTER_OTLP_TIMEOUT": "50"}
    if fail_at:
        env["FAIL_AT"] = str(fail_at)
    return subprocess.run([TRACER, "--replay", RECORDING, "--exporter", exporter, "--endpoint", "http://127.0.0.1:9"],
                          env=env, capture_output=True, text=True, timeout=60, check=False)


def what_is_wrong(exporter, n):
    done = replay(exporter, n)
    if done.returncode not in (0, 1, 2):
        return f"allocation {n}: ended with {done.returncode}: {done.stderr}"
    if done.returncode and not done.stderr.strip():
        return f"allocation {n}: failed without a word"
    if not done.returncode and any(b["verdict"] != "closed" for b in read_books(done.stderr).values()):
        return f"allocation {n}: open books: {done.stderr}"
    return None


@pytest.mark.short
@pytest.mark.parametrize("exporter", ["json:/dev/null", "console:/dev/null", "otlp"])
def test_every_allocation_of_a_replay(exporter):
    whole = replay(exporter)
    assert whole.returncode == 0, whole.stderr
    cnt = int(re.search(r"allocations: (\d+)", whole.stderr)[1])
    assert cnt > 250
    numbers = [*range(1, 100), *range(100, cnt + 1, STRIDE)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        wrong = [w for w in pool.map(lambda n: what_is_wrong(exporter, n), numbers) if w]
    assert not wrong, "\n".join(wrong[:5])
