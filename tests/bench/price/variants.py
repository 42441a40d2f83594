# SPDX-License-Identifier: GPL-2.0-only
"""What runs beside the served process while it is measured; each returns an object whose stop() gives its figures."""

import json
import os
import signal
import subprocess

from lab.procs import BUILD, PYTHON, wait_until
from lab.tracer import Tracer

from price.cpu import LOAD_CPU, SERVER_CPU, pinned

OUT = BUILD / "tests/bench"


class Nothing:
    @staticmethod
    def stop():
        return {}


class Company:
    """The control: somebody who takes as much of the load's CPU as the tracer does, as often as it looks, and nothing else."""

    BURN = """
import sys, time
share = float(sys.argv[1])
while True:
    began = time.perf_counter()
    while time.perf_counter() - began < share * 0.01:
        pass
    time.sleep((1 - share) * 0.01)
"""

    def __init__(self, share):
        self.proc = subprocess.Popen(pinned(LOAD_CPU, [PYTHON, "-c", self.BURN, str(min(share, 0.95))]))

    def stop(self):
        self.proc.kill()
        self.proc.wait()
        return {}


class Hooks:
    """The controls: programs at the places of ours that return at once, or pass so many ns in each call of the server."""

    def __init__(self, lab, timed=False, ns=0):
        mode = [] if timed else ["quiet"]
        self.proc = lab.start("hooks", pinned(LOAD_CPU, [OUT / "hooks", OUT / "hooks.bpf.o", SERVER_CPU, ns, *mode]))
        wait_until(lambda: "ready" in self.proc.errors() or not self.proc.running(), 10, "hooks")

    def stop(self):
        assert self.proc.stop(signal.SIGTERM, 10) == 0, self.proc.errors()
        return json.loads(self.proc.output())


class Ours:
    """The tracer, watching the families of `roots`."""

    def __init__(self, lab, roots, *args, exporter="none"):
        picked = [x for root in roots for x in ("--pid", root)]
        self.tracer = Tracer(lab, *picked, "--stats", "json", *args, exporter=exporter,
                             preexec_fn=lambda: os.sched_setaffinity(0, {LOAD_CPU}))

    def stop(self):
        self.tracer.stop()
        return self.tracer.stats()[-1]
