# SPDX-License-Identifier: GPL-2.0-only
"""Go services: whoever makes the call, the request that caused it is its parent, or nobody is."""

import pytest
from lab import golang, load, score, tiers
from lab.procs import PYTHON, SERVICES, free_port
from lab.tracer import Tracer

REQUESTS = 600
CONCURRENCY = 32
UNKNOWN_MAX = 6  # whose handler did not wait yet when the call went out

needs_go = pytest.mark.skipif(not golang.go(), reason="no Go to build the service with")


def links_of(lab, front, back, port):
    tracer = Tracer(lab, "--pid", front, "--pid", back)
    result = load.run(port, [f"/work/{n:05d}" for n in range(REQUESTS)], CONCURRENCY)
    assert not result.failed, result.failed[:5]
    spans = tracer.stop()
    return score.count_links(spans, score.read_calls(lab.folder))


def assert_right(links, calls, method):
    right = links["call", method, "right"]
    assert right >= calls - UNKNOWN_MAX, links
    assert right + links["call", "root", "none"] == calls, links
    assert links["backend", "position", "right"] == calls, links


@needs_go
@pytest.mark.parametrize("how, calls, method", [
    ("direct", 1, "channel"), ("spawn", 2, "channel"), ("pool", 1, "channel"),
    ("raw", 1, "goroutine"), ("rawpool", 1, "channel"),
])
def test_calls_belong_to_their_requests(lab, how, calls, method):
    port, front, back = tiers.start(lab, f"go-{how}")
    assert_right(links_of(lab, front, back, port), calls * REQUESTS, method)


@needs_go
def test_stripped_position_independent_binary(lab):
    front, back = free_port(), free_port()
    env = {"BACKEND": f"http://127.0.0.1:{back}", "TRUTH": str(lab.folder / "truth.txt"), "HOW": "direct"}
    binary = golang.service("go-pie", "-buildmode=pie", "-ldflags=-s -w")
    b = lab.serve("back", [PYTHON, SERVICES / "stdlib.py", "back"], back, {**env, "PORT": str(back)})
    f = lab.serve("front", [binary, "front"], front, {**env, "PORT": str(front)})
    assert_right(links_of(lab, f.pid, b.pid, front), REQUESTS, "channel")


@needs_go
def test_mptcp_listener_with_plain_clients(lab):
    """What Go does by default since 1.24; the clients speak plain TCP, and so do then the accepted sockets."""
    port = free_port()
    env = {"GODEBUG": "multipathtcp=2", "LISTEN": ":", "PORT": str(port)}
    server = lab.serve("back", [golang.service(), "back"], port, env)
    tracer = Tracer(lab, "--port", port)
    load.run(port, [f"/data/{n:05d}" for n in range(100)], 8)
    assert server.running()
    assert len(tracer.stop()) == 100
