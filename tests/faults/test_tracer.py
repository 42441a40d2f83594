# SPDX-License-Identifier: GPL-2.0-only
"""What may happen to the tracer: it stands still, is killed at any moment, runs twice. The service does not notice."""

import ctypes
import os
import signal
import time

import pytest
from lab import bpf, load
from lab.procs import wait_until
from lab.tracer import Tracer
from victim import Victim, assert_closed, bpf_ids, trace

STANDSTILL_S = float(os.environ.get("STANDSTILL", 10))


def stand_still(lab, *args):
    """Load while the tracer is stopped; returns it, and the slowest request in seconds."""
    v = Victim(lab)
    tracer = trace(v, *args)
    slowest = 0
    with v.under_load(concurrency=2, pause=0):
        time.sleep(0.3)
        tracer.proc.tell(signal.SIGSTOP)
        end = time.monotonic() + STANDSTILL_S
        while time.monotonic() < end:
            started = time.monotonic()
            v.get("/probe")
            slowest = max(slowest, time.monotonic() - started)
        tracer.proc.tell(signal.SIGCONT)
        time.sleep(0.5)
    v.get("/after")
    wait_until(lambda: any(s.path == "/after" for s in tracer.spans()), 30, "span after the standstill")
    tracer.stop()
    return tracer, slowest


@pytest.mark.short
def test_it_stands_still_and_the_ring_overflows(lab):
    """The smallest ring is full in no time: what is lost is counted, and what comes later is whole again."""
    tracer, slowest = stand_still(lab, "--ring-size", "64K")
    books = assert_closed(tracer)
    assert books["received"]["kernel"]["lost"] > 0 and books["sent"]["kernel"]["lost"] > 0
    assert slowest < 1


def test_it_stands_still_and_the_ring_holds(lab):
    tracer, slowest = stand_still(lab, "--ring-size", "256M")
    books = assert_closed(tracer)
    assert books["received"]["kernel"]["lost"] == 0
    assert slowest < 1


def kill_after(v, delay, *args):
    """SIGKILL so many seconds after its start; returns what of the kernel it held."""
    tracer = trace(v, *args, ready=False, exporter="none")
    time.sleep(delay)
    held = bpf_ids(tracer.pid)
    tracer.proc.tell(signal.SIGKILL)
    tracer.proc.wait()
    v.lab.procs.remove(tracer.proc)
    return held


def assert_gone(held):
    def left():
        now = bpf.loaded()
        return {(kind, n) for kind, n in held if n in now[kind]}
    wait_until(lambda: not left(), 30, "kernel free of what the dead held")


@pytest.mark.short
def test_it_is_killed_at_every_stage_of_its_start(lab):
    v = Victim(lab)
    held = set()
    with v.under_load():
        for n in range(25):
            held |= kill_after(v, 0.02 * n)
    assert held
    assert_gone(held)


@pytest.mark.short
def test_it_is_killed_at_every_stage_of_its_end(lab):
    v = Victim(lab)
    held = set()
    with v.under_load():
        for n in range(10):
            tracer = trace(v, exporter="none")
            held |= bpf_ids(tracer.pid)
            tracer.proc.tell(signal.SIGTERM)
            time.sleep(0.003 * n)
            tracer.proc.tell(signal.SIGKILL)
            tracer.proc.wait()
            lab.procs.remove(tracer.proc)
    assert held
    assert_gone(held)


@pytest.mark.short
def test_it_runs_twice(lab):
    """Two tracers of one service see the same, and neither disturbs the other's end."""
    v = Victim(lab)
    one, two = trace(v), trace(v)
    with v.under_load():
        time.sleep(0.5)
    v.get("/both")
    for tracer in (one, two):
        wait_until(lambda t=tracer: any(s.path == "/both" for s in t.spans()), 30, "span")
    first = one.stop()
    v.get("/one")
    wait_until(lambda: any(s.path == "/one" for s in two.spans()), 30, "span of the other")
    second = two.stop()
    assert len(second) == len(first) + 1
    assert_closed(one)
    assert_closed(two)


CLONE_NEWTIME = 0x80


def enter_time_namespace():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWTIME):
        raise OSError(ctypes.get_errno(), "unshare")
    with open("/proc/self/timens_offsets", "w", encoding="ascii") as f:
        f.write("monotonic 100000 0")	# for what is executed next


@pytest.mark.short
def test_a_time_namespace_sets_its_clock(lab):
    """Records carry the kernel's clock, which is a day behind the tracer's: spans are when they were, and joined."""
    if not os.path.exists("/proc/self/timens_offsets"):
        pytest.skip("there are no time namespaces here")
    v = Victim(lab)
    tracer = trace(v, preexec_fn=enter_time_namespace)
    before = time.time_ns()
    v.get("/now")
    span = tracer.wait_spans(1)[0]
    assert before - 10**9 < span.start < time.time_ns() + 10**9
    tracer.stop()
    assert_closed(tracer)


@pytest.mark.short
def test_a_child_started_by_it_survives_its_death(lab):
    """kill -9 of the tracer leaves the command alone."""
    word = lab.folder / "word"
    child = f"echo up; until [ -e {word} ]; do sleep 0.1; done; echo done; exec sleep 30"
    tracer = Tracer(lab, "--", "/bin/sh", "-c", child, ready=False)
    wait_until(lambda: "up" in tracer.proc.output(), 20, "command")
    child = int(open(f"/proc/{tracer.pid}/task/{tracer.pid}/children", encoding="ascii").read().split()[0])
    tracer.proc.tell(signal.SIGKILL)
    tracer.proc.wait()
    word.touch()
    wait_until(lambda: "done" in tracer.proc.output(), 20, "word of the child")
    os.kill(child, signal.SIGKILL)
