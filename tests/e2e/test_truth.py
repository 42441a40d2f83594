# SPDX-License-Identifier: GPL-2.0-only
"""5,000 requests at concurrency 32 in three kinds of server: every one has its three spans, rightly linked."""

import os

import pytest
from lab import load, score
from lab.procs import PYTHON, SERVICES, free_port
from lab.tracer import Tracer

REQUESTS = int(os.environ.get("TRUTH_REQUESTS", 5000))
CONCURRENCY = 32


def flask_args(script, _port):
    return [PYTHON, SERVICES / script]


def gunicorn_args(script, port):
    return ["/usr/bin/gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "16",
            "--worker-class", "gthread", "--chdir", SERVICES, script.removesuffix(".py") + ":app"]


def start(lab, kind):
    """Front and back of one kind; returns the front's port and the pids to trace."""
    front, back = free_port(), free_port()
    env = {"BACKEND": f"http://127.0.0.1:{back}", "TRUTH": str(lab.folder / "truth.txt")}
    if kind == "stdlib":
        args = {"front": [PYTHON, SERVICES / "stdlib.py", "front"], "back": [PYTHON, SERVICES / "stdlib.py", "back"]}
    else:
        make = {"flask": flask_args, "gunicorn": gunicorn_args}[kind]
        args = {"front": make("front_flask.py", front), "back": make("back_flask.py", back)}
        env["SESSION"] = "1" if kind == "gunicorn" else ""
    b = lab.serve("back", args["back"], back, {**env, "PORT": str(back)})
    a = lab.serve("front", args["front"], front, {**env, "PORT": str(front)})
    return front, a.pid, b.pid


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["flask", "gunicorn", "stdlib"])
def test_every_request_is_rightly_linked(lab, kind, record_property):
    port, front, back = start(lab, kind)
    tracer = Tracer(lab, "--pid", front, "--pid", back)
    result = load.run(port, [f"/work/{n:05d}" for n in range(REQUESTS)], CONCURRENCY)
    assert not result.failed, result.failed[:5]
    spans = tracer.stop()
    found = score.score(spans, score.read_truth(lab.folder))
    record_property("score", str(found))
    assert found.requests == REQUESTS
    assert found.perfect(), str(found)
