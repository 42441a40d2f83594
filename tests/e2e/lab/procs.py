# SPDX-License-Identifier: GPL-2.0-only
"""Processes that a scenario starts, each with its output in a file, all ended by pid when the scenario ends."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BUILD = Path(os.environ.get("OUTPUT", ROOT / "build")).resolve()
TRACER = BUILD / "ebpf-tracer"
SERVICES = ROOT / "tests/e2e/services"
EXAMPLES = ROOT / "examples/two-services"
PYTHON = os.environ.get("PYTHON", "/usr/bin/python3")
PATIENCE = float(os.environ.get("PATIENCE", "1"))	# how many times as long as usual anything may take


def wait_until(condition, timeout=30.0, what="condition", step=0.02):
    """Returns the first true value of condition(); the machine may be slow, so time limits are wide."""
    timeout *= PATIENCE
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"no {what} within {timeout:g} s")
        time.sleep(step)


def free_port():
    """One that no connection will be given meanwhile: below those that the kernel hands out."""
    end = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(10000, end)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def listens(port, host="127.0.0.1"):
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def descendants(pid):
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in task.read_text().split():
                yield int(child)
                yield from descendants(int(child))


def holds(pids):
    """Of each that is still there a descriptor, which names no other process later."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            yield os.pidfd_open(pid)


def end(hold):
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(hold, signal.SIGKILL)
    os.close(hold)


class Proc:
    """One child process; stdout and stderr go to files that the scenario can read at any time."""

    def __init__(self, name, args, folder, env=None, **kwargs):
        self.name = name
        self.farewell = signal.SIGTERM
        self.out = Path(folder) / f"{name}.out"
        self.err = Path(folder) / f"{name}.err"
        with open(self.out, "ab") as out, open(self.err, "ab") as err:
            self.popen = subprocess.Popen(
                [str(a) for a in args], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                env={**os.environ, **(env or {})}, **kwargs)
        self.pid = self.popen.pid

    def output(self):
        return self.out.read_text(errors="replace")

    def errors(self):
        return self.err.read_text(errors="replace")

    def running(self):
        return self.popen.poll() is None

    def tell(self, number):
        if self.running():
            self.popen.send_signal(number)

    def wait(self, timeout=60):
        return self.popen.wait(timeout)

    def stop(self, number=signal.SIGTERM, timeout=30):
        """Asks it to end, insists after the timeout; returns the exit status."""
        self.tell(number)
        try:
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
            raise AssertionError(f"{self.name} did not end within {timeout} s of signal {number}") from None

    def kill(self):
        if self.running():
            self.popen.kill()
        self.popen.wait()


class Lab:
    """The scenario's folder and everything it started; close() leaves nothing behind."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.procs = []
        self.started = 0

    def start(self, name, args, env=None, **kwargs):
        self.started += 1
        proc = Proc(f"{self.started}.{name}", args, self.folder, env, **kwargs)
        self.procs.append(proc)
        return proc

    def serve(self, name, args, port, env=None, **kwargs):
        """Starts a server and waits until it accepts connections."""
        proc = self.start(name, args, env, **kwargs)

        def up():
            assert proc.running(), f"{name} ended at once:\n{proc.errors()}"
            return listens(port)
        wait_until(up, 60, f"{name} on port {port}")
        return proc

    def close(self):
        workers = [hold for proc in self.procs if proc.running() for hold in holds(descendants(proc.pid))]
        for proc in reversed(self.procs):
            proc.tell(proc.farewell)
        deadline = time.monotonic() + 10
        for proc in reversed(self.procs):
            try:
                proc.popen.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                proc.kill()
        for hold in workers:
            end(hold)
