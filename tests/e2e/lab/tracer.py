# SPDX-License-Identifier: GPL-2.0-only
"""The tracer as a process: start it, wait until it is ready, stop it, read its books."""

import json
import re
import signal

from lab import otlp
from lab.procs import TRACER, wait_until


def read_books(text):
    """The last summary in text: {"received": {...}, "sent": {...}} with the numbers of each direction."""
    books = {}
    for way, total, kernel, user, verdict in re.findall(
            r"books: (received|sent) (\d+) = ([^;]*); (\d+ = [^:]*): (\w+)", text):
        reported, parts = user.split(" = ")
        books[way] = {
            "total": int(total), "kernel": numbers(kernel), "reported": int(reported), "user": numbers(parts),
            "verdict": verdict,
        }
    return books


def numbers(terms):
    """"12 decoded + 3 bodies" as a dict"""
    return {name: int(n) for n, name in (t.split(" ", 1) for t in terms.split(" + "))}


class Tracer:
    """capture: what CAPTURE names, or auto. Spans go to a file of the scenario unless args name an exporter."""

    def __init__(self, lab, *args, exporter=None, env=None, ready=True, **kwargs):
        self.spans_file = lab.folder / f"spans.{lab.started}.json"
        exporter = exporter or f"json:{self.spans_file}"
        self.proc = lab.start("tracer", [TRACER, "--exporter", exporter, *args], env, **kwargs)
        self.pid = self.proc.pid
        if ready:
            self.wait_ready()

    def wait_ready(self, timeout=60):
        def ready():
            line = next((x for x in self.proc.errors().splitlines() if "ready" in x), None)
            assert line or self.proc.running(), "the tracer ended:\n" + self.proc.errors()
            return line
        return wait_until(ready, timeout, "ready line of the tracer")

    def spans(self):
        if not self.spans_file.exists():
            return []
        return otlp.read_spans(self.spans_file)

    def wait_spans(self, n, timeout=30):
        """Until n spans are there; returns all."""
        wait_until(lambda: self.spans_file.exists() and self.count() >= n, timeout,
                   f"{n} spans (there are {self.count()})")
        return self.spans()

    def count(self):
        return len(self.spans())

    def stop(self, number=signal.SIGTERM):
        """Ends it; it must exit with 0 and leave a summary. Returns the spans."""
        status = self.proc.stop(number, 60)
        assert status == 0, f"the tracer ended with {status}:\n{self.proc.errors()}"
        return self.spans()

    def stats(self):
        """Every summary so far, of a tracer that was started with --stats json."""
        return [json.loads(x) for x in self.proc.errors().splitlines() if x.startswith("{")]

    def books(self):
        return read_books(self.proc.errors())


def raw_lines(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(x) for x in f]
