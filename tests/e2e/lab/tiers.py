# SPDX-License-Identifier: GPL-2.0-only
"""The two-tier services of the truth runs, in every kind of server."""

from lab import golang
from lab.procs import PYTHON, SERVICES, free_port


def flask_args(script, _port):
    return [PYTHON, SERVICES / script]


def gunicorn_args(script, port):
    return ["/usr/bin/gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "16",
            "--worker-class", "gthread", "--chdir", SERVICES, script.removesuffix(".py") + ":app"]


def start(lab, kind):
    """Front and back of one kind: (front's port, its pid, back's pid)

    flask, gunicorn; stdlib (direct), pool, spawn: services/stdlib.py; go-direct and others: services/go/main.go
    """
    front, back = free_port(), free_port()
    env = {"BACKEND": f"http://127.0.0.1:{back}", "TRUTH": str(lab.folder / "truth.txt")}
    if kind in ("flask", "gunicorn"):
        make = {"flask": flask_args, "gunicorn": gunicorn_args}[kind]
        args = {"front": make("front_flask.py", front), "back": make("back_flask.py", back)}
        env["SESSION"] = "1" if kind == "gunicorn" else ""
    elif kind.startswith("go-"):
        args = {side: [golang.service(), side] for side in ("front", "back")}
        env["HOW"] = kind.removeprefix("go-")
        env["MAX_CONNS"] = "8"  # fewer than requests at once: they queue for a connection
    else:
        args = {side: [PYTHON, SERVICES / "stdlib.py", side] for side in ("front", "back")}
        env["HOW"] = "direct" if kind == "stdlib" else kind
    b = lab.serve("back", args["back"], back, {**env, "PORT": str(back)})
    a = lab.serve("front", args["front"], front, {**env, "PORT": str(front)})
    return front, a.pid, b.pid
