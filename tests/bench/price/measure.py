# SPDX-License-Identifier: GPL-2.0-only
"""One workload, measured: interleaved rounds of every variant, then the latency, then the time in the kernel.

Variants of one round stand next to each other, and every other round runs backwards: what drifts on the machine hits
all of them alike, and ratios are taken within a round.
"""

import tempfile
import time
import urllib.request

from lab.procs import PYTHON, Lab, free_port

from price import kits, loads, report, workloads
from price.cpu import LOAD_CPU, cpu_ns, family, host_busy_ns, pinned, rss
from price.variants import Company, Hooks, Nothing, Ours

SINK = __file__.replace("measure.py", "sink.py")
LATENCY_ROUNDS = 3


class Bench:
    """The servers of one workload, all of them running from beginning to end; only who is asked changes."""

    def __init__(self, workload, contenders):
        self.workload = workload
        self.folder = tempfile.TemporaryDirectory()
        self.lab = Lab(self.folder.name)
        self.backend = workloads.backend(self.lab)
        self.bare = workload.serve(self.lab)
        self.sdk = None
        if contenders and workload.language:
            kits.fetch(workload.language)
            self.sink = free_port()
            self.lab.serve("sink", pinned(LOAD_CPU, [PYTHON, SINK, self.sink]), self.sink)
            self.sdk = workload.serve(self.lab, kits.Kit(workload.language, self.sink))
        self.bystander = self.lab.start("bystander", ["sleep", "3600"])
        self.share = 0	# of the load's CPU that the tracer took when it was last measured
        self.call_ns = 0	# that our programs take for each socket call of the served process

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lab.close()
        self.folder.cleanup()

    def traced(self):
        if not self.workload.traced:
            return [self.bystander.pid]
        return self.bare.traced or self.bare.roots

    def variants(self):
        """name -> (starts it, whom to load)"""
        otlp = ["--endpoint", f"http://127.0.0.1:{self.backend}"]
        found = {
            "bare": (Nothing, self.bare),
            "hooks": (lambda: Hooks(self.lab), self.bare),
            "inside": (lambda: Hooks(self.lab, ns=self.call_ns), self.bare),
            "company": (lambda: Company(self.share), self.bare),
            "capture": (lambda: Ours(self.lab, self.traced()), self.bare),
            "ours": (lambda: Ours(self.lab, self.traced(), *otlp, exporter="otlp"), self.bare),
        }
        if self.sdk:
            found["sdk"] = (Nothing, self.sdk)
        return found

    def received(self):
        """Spans of the contender."""
        if not self.sdk:
            return 0
        with urllib.request.urlopen(f"http://127.0.0.1:{self.sink}/count", timeout=10) as answer:
            return int(answer.read())


def measure(bench, variant, served, load, seconds):
    """One slice: what a unit cost while the variant was there."""
    had = bench.received()
    beside = variant()
    pids = [pid for root in served.roots for pid in family(root)]
    company = [beside.tracer.pid] if isinstance(beside, Ours) else []
    before, host, own, began = cpu_ns(pids), host_busy_ns(), cpu_ns(company), time.monotonic()
    done = load(served.port, seconds)
    took = time.monotonic() - began
    if company:
        bench.share = (cpu_ns(company) - own) / took / 1e9
    units = done["requests"] if isinstance(done, dict) else done
    slice_ = {
        "units": units, "us": (cpu_ns(pids) - before) / units / 1000, "rate": units / took,
        "host_us": (host_busy_ns() - host) / units / 1000, "server_rss": rss(pids)["anon"],
    }
    if isinstance(done, dict):
        slice_["latency"] = done
    if isinstance(beside, Ours):
        slice_["rss"] = rss([beside.tracer.pid])
    slice_["figures"] = beside.stop()
    slice_["received"] = bench.received() - had
    return slice_


def check(workload, slice_):
    """What must hold of every traced run; returns what does not."""
    figures = slice_["figures"]
    if "closed" not in figures:
        return []
    return [f"{workload.name}: the books of the {way} bytes do not close: {figures}"
            for way, closed in figures["closed"].items() if not closed]


def rounds(bench, count):
    """Each round: variant -> slice"""
    found, wrong = [], []
    for n in range(count):
        variants = list(bench.variants().items())
        this = {}
        for name, (start, served) in variants if n % 2 == 0 else reversed(variants):
            this[name] = measure(bench, start, served, bench.workload.load, bench.workload.seconds)
            wrong += check(bench.workload, this[name])
        found.append(this)
    return found, wrong


def latency(bench, rate):
    """Open loop, at half of what was reached with tracer and load on one CPU."""
    load = loads.each(loads.paced, rate=rate / 2)
    found = []
    for n in range(LATENCY_ROUNDS):
        variants = [(k, v) for k, v in bench.variants().items() if k in ("bare", "ours", "sdk")]
        found.append({name: measure(bench, start, served, load, bench.workload.seconds)
                      for name, (start, served) in (variants if n % 2 == 0 else reversed(variants))})
    return found


def kernel(bench):
    """The kernel's own clock on every program, ours and those that do nothing."""
    load, seconds = bench.workload.load, min(bench.workload.seconds, 2)
    return {
        "hooks": measure(bench, lambda: Hooks(bench.lab, timed=True), bench.bare, load, seconds),
        "ours": measure(bench, lambda: Ours(bench.lab, bench.traced(), "--times"), bench.bare, load, seconds),
    }


def run(workload, count, contenders):
    with Bench(workload, contenders) as bench:
        workload.load(bench.bare.port, 1)
        measure(bench, bench.variants()["ours"][0], bench.bare, workload.load, 1)	# how much company it is
        in_kernel = kernel(bench)
        bench.call_ns = report.call_ns(in_kernel)
        found, wrong = rounds(bench, count)
        result = {"rounds": found, "wrong": wrong, "kernel": in_kernel}
        if workload.latency:
            rate = sorted(r["ours"]["rate"] for r in found)[count // 2]
            result["latency"] = latency(bench, rate)
        return result
