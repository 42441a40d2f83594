# SPDX-License-Identifier: GPL-2.0-only
"""Coming and going harms nobody: 200 times under load, and by kill -9."""

import os
import signal

import pytest
from lab import bpf, load
from lab.procs import wait_until
from lab.tracer import Tracer
from test_two_services import start_services

TIMES = int(os.environ.get("ATTACH_TIMES", 200))


def open_fds(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


@pytest.mark.slow
def test_attach_and_detach_under_load(lab):
    port, pa, pb = start_services(lab, slow=(0, 2))
    before = bpf.loaded()
    fds = None
    with load.Steady(port, "/", concurrency=2, pause=0.01) as result:
        for n in range(TIMES):
            tracer = Tracer(lab, "--pid", pa.pid, "--pid", pb.pid, exporter="none")
            tracer.stop()
            lab.procs.remove(tracer.proc)
            if n == 10:
                fds = (open_fds(pa.pid), open_fds(pb.pid))
    assert result.sent > TIMES
    assert not result.failed, f"{len(result.failed)} of {result.sent} requests failed: {result.failed[:3]}"
    bpf.wait_gone(before)
    # Requests in flight hold a few; a leak of one per attachment would show as hundreds.
    wait_until(lambda: open_fds(pa.pid) <= fds[0] + 4 and open_fds(pb.pid) <= fds[1] + 4, 20,
               "services with as few descriptors as before")


@pytest.mark.quick
def test_kill_9_leaves_nothing_attached(lab):
    port, pa, pb = start_services(lab, slow=(0, 2))
    before = bpf.loaded()
    with load.Steady(port, "/", concurrency=2, pause=0.01) as result:
        tracer = Tracer(lab, "--pid", pa.pid, "--pid", pb.pid)
        tracer.wait_spans(30)
        assert bpf.left_since(before), "nothing was loaded at all"
        os.kill(tracer.pid, signal.SIGKILL)
        tracer.proc.wait()
        bpf.wait_gone(before)
    assert not result.failed, result.failed[:3]
    Tracer(lab, "--pid", pa.pid, exporter="none").stop()


def test_it_ends_with_the_last_process(lab):
    _, pa, pb = start_services(lab)
    tracer = Tracer(lab, "--pid", pa.pid, "--pid", pb.pid)
    pa.stop()
    assert tracer.proc.running()
    pb.stop()
    assert tracer.proc.wait(20) == 0


def test_processes_are_found_by_port_now_and_later(lab):
    port, pa, pb = start_services(lab, slow=(0, 2))
    tracer = Tracer(lab, "--port", port)
    load.get(port, "/")
    tracer.wait_spans(2)
    assert {s.service for s in tracer.spans()} == {"service-a"}
    pa.stop()
    pb.stop()
    assert tracer.proc.running()
    again = lab.serve("service-a", pa.popen.args, port, {"PORT": str(port)})

    def traced():
        load.get(port, "/none")
        return any(s.path == "/none" for s in tracer.spans())
    wait_until(traced, 20, "span of the service that was started later", step=0.2)
    again.stop()
    assert tracer.proc.running()
    tracer.stop()


@pytest.mark.parametrize("before", [signal.SIG_DFL, signal.SIG_IGN], ids=["in a terminal", "with & in a script"])
def test_second_signal_ends_at_once(lab, before):
    """A backend that never answers holds the flush; whoever presses Ctrl-C twice does not wait for it."""
    import socket
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        port, pa, _ = start_services(lab, slow=(0, 2))
        ours = signal.signal(signal.SIGINT, before)
        try:
            tracer = Tracer(lab, "--pid", pa.pid, "--endpoint", f"http://127.0.0.1:{silent.getsockname()[1]}",
                            exporter="otlp")
        finally:
            signal.signal(signal.SIGINT, ours)
        load.get(port, "/")
        tracer.proc.tell(signal.SIGINT)
        wait_until(lambda: not is_pending(tracer.pid, signal.SIGINT), 5, "the first signal to be taken")
        tracer.proc.tell(signal.SIGINT)
        assert tracer.proc.wait(5) is not None


def test_signal_while_it_ends_with_its_target_is_the_first(lab):
    """Whoever stops a service and then its tracer, as service managers do, gets what is known; a second signal ends it."""
    import socket
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        port, pa, _ = start_services(lab, slow=(0, 2))
        tracer = Tracer(lab, "--pid", pa.pid, "--endpoint", f"http://127.0.0.1:{silent.getsockname()[1]}", exporter="otlp")
        load.get(port, "/")
        pa.stop()
        wait_until(lambda: not is_caught_later(tracer.pid, signal.SIGTERM), 5, "the end of the loop")
        tracer.proc.tell(signal.SIGTERM)
        wait_until(lambda: not is_pending(tracer.pid, signal.SIGTERM), 5, "the first signal to be taken")
        assert tracer.proc.running()
        tracer.proc.tell(signal.SIGTERM)
        assert tracer.proc.wait(5) == -signal.SIGTERM


def is_caught_later(pid, number):
    """It is blocked, to be read by the loop."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
        mask = next(line for line in f if line.startswith("SigBlk:")).split()[1]
    return bool(int(mask, 16) >> (number - 1) & 1)


def is_pending(pid, number):
    """Of two equal signals that wait together, a process gets one."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
        mask = next(line for line in f if line.startswith("ShdPnd:")).split()[1]
    return bool(int(mask, 16) >> (number - 1) & 1)


