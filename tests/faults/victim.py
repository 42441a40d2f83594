# SPDX-License-Identifier: GPL-2.0-only
"""A service under load that something happens to, and what must hold whatever it is."""

import contextlib
import re
from pathlib import Path

from lab import load
from lab.procs import PYTHON, free_port, wait_until
from lab.tracer import Tracer

SLOW_S = 1.0	# of one request on a busy machine; what these faults do to a service would be longer


class Victim:
    """service.py on a port of its own."""

    SERVICE = Path(__file__).parent / "service.py"

    def __init__(self, lab, **env):
        self.lab, self.port = lab, free_port()
        self.env = {"PORT": str(self.port), **env}
        self.proc = lab.serve("victim", [PYTHON, self.SERVICE], self.port, self.env)
        self.pid = self.proc.pid

    def wait_said(self, word, times):
        wait_until(lambda: self.proc.output().split().count(word) >= times, 20, f"service that {word} {times} times")

    def get(self, path="/"):
        return load.get(self.port, path)

    @contextlib.contextmanager
    def under_load(self, concurrency=4, pause=0.005):
        """No request of the load may fail or take long, whatever happens meanwhile."""
        with load.Steady(self.port, "/load", concurrency, pause) as result:
            yield result
            wait_until(lambda: result.sent > 10, 20, "more than 10 requests")
        assert not result.failed, f"{len(result.failed)} of {result.sent} failed: {result.failed[:3]}"


def assert_closed(tracer):
    """The last summary's books; returns them."""
    books = tracer.books()
    assert books, "no summary:\n" + tracer.proc.errors()
    for way, b in books.items():
        assert b["verdict"] == "closed", f"{way}: {tracer.proc.errors()}"
        assert b["total"] == sum(b["kernel"].values()) and b["reported"] == sum(b["user"].values()), (way, b)
    return books


def trace(victim, *args, **kwargs):
    return Tracer(victim.lab, "--pid", victim.pid, *args, **kwargs)


def counted(tracer, what):
    """A number of the summary: "N spans lost" and the like; 0: not mentioned."""
    found = re.findall(rf"(\d+) {what}", tracer.proc.errors())
    return int(found[-1]) if found else 0


def bpf_ids(pid):
    """The programs, maps and links that a process holds: {("prog", 12), ...}"""
    ids = set()
    for info in Path(f"/proc/{pid}/fdinfo").iterdir():
        with contextlib.suppress(OSError):
            ids |= {(k, int(n)) for k, n in re.findall(r"^(prog|map|link)_id:\s*(\d+)", info.read_text(), re.M)}
    return ids
