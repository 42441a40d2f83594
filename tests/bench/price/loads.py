# SPDX-License-Identifier: GPL-2.0-only
"""What makes the requests.  Each is a function (port, seconds) -> how many were answered, on the load's CPU."""

import functools
import json
import re
import socket
import subprocess
import time

from lab.procs import BUILD

from price.cpu import LOAD_CPU, pinned

PACE = BUILD / "tests/bench/pace"


def output(args, cpu=LOAD_CPU, timeout=120):
    done = subprocess.run(pinned(cpu, [str(a) for a in args]), capture_output=True, text=True, timeout=timeout,
                          check=False)
    if done.returncode:
        raise RuntimeError(f"{args[0]} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def wrk(port, seconds, connections=32, path="/", close=False):
    """As fast as the server answers, on so many connections; close: one request on each."""
    header = ["-H", "Connection: close"] if close else []
    text = output(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", *header, f"http://127.0.0.1:{port}{path}"])
    return int(re.search(r"(\d+) requests in", text)[1])


def redis(port, seconds):
    text = output(["redis-benchmark", "-p", port, "-t", "get", "-c", 32, "-n", int(70_000 * seconds), "--csv"])
    return int(70_000 * seconds) if "GET" in text else 0


def crowd_says(port):
    """Round trips of the bystanders so far, the process they descend from, the one to be traced."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as s:
        return [int(x) for x in s.makefile().readline().split()]


def crowd(port, seconds):
    """It loads itself."""
    before = crowd_says(port)[0]
    time.sleep(seconds)
    return crowd_says(port)[0] - before


def paced(port, seconds, rate, busy=32, idle=0):
    """At a fixed rate, whatever the server does: {"requests", "failed", "p50", "p99"}, the times in microseconds."""
    # Before all others on its CPU: a request that leaves late because of the tracer would be its own delay, not the server's.
    return json.loads(output(["chrt", "-f", 10, PACE, port, rate, seconds, busy, idle]))


def paced_count(port, seconds, rate, busy, idle):
    """The first request of each connection counts too."""
    return paced(port, seconds, rate, busy, idle)["requests"] + busy + idle


def each(load, **kwargs):
    return functools.partial(load, **kwargs)
