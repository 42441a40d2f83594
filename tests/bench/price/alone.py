# SPDX-License-Identifier: GPL-2.0-only
"""What the tracer takes by itself: to start, to show the first span, when nothing happens, and in replay."""

import re
import resource
import subprocess
import tempfile
import time
import urllib.request

from lab.procs import BUILD, PYTHON, Lab, free_port, wait_until

from price import workloads
from price.cpu import LOAD_CPU, cpu_ns, pinned, rss
from price.measure import SINK
from price.variants import Ours

PATH = BUILD / "tests/bench/path"
IDLE_SECONDS = 3
FEW, MANY = 20_000, 120_000


def get(port, path="/"):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return answer.read()


def switches(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)", f.read(), re.M)[1])


def start(lab):
    """Milliseconds to the ready line, and to the first span at a backend while requests come all the time."""
    served = workloads.serve_nginx(lab)
    sink = free_port()
    lab.serve("sink", pinned(LOAD_CPU, [PYTHON, SINK, sink]), sink)
    began = time.monotonic()
    ours = Ours(lab, served.roots, "--endpoint", f"http://127.0.0.1:{sink}", exporter="otlp")
    ready = time.monotonic() - began
    wait_until(lambda: get(served.port) and int(get(sink, "/count")), 30, "a span at the backend")
    found = {"ready_ms": ready * 1000, "first_span_ms": (time.monotonic() - began) * 1000}
    return found | idle(ours)


def idle(ours):
    """Nothing happens: CPU in per mille of a core, wake-ups a second, memory without the mapped ring."""
    pid = ours.tracer.pid
    time.sleep(1)	# what the last request left to be done is done
    cpu, woken = cpu_ns([pid]), switches(pid)
    time.sleep(IDLE_SECONDS)
    found = {"idle_cpu": (cpu_ns([pid]) - cpu) / IDLE_SECONDS / 1e6, "wakes": (switches(pid) - woken) / IDLE_SECONDS,
             "rss": rss([pid])["anon"]}
    ours.stop()
    return found


def path_us(exchanges):
    def spent():
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime
    before = spent()
    subprocess.run(pinned(LOAD_CPU, [PATH, str(exchanges)]), stdout=subprocess.DEVNULL, check=True)
    return (spent() - before) * 1e6


def replay():
    """CPU of user space per exchange, from its records to OTLP bytes; two runs, so that starting is left out."""
    return {"path_us": (path_us(MANY) - path_us(FEW)) / (MANY - FEW)}


def run():
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(folder)
        try:
            return start(lab) | replay()
        finally:
            lab.close()
