# SPDX-License-Identifier: GPL-2.0-only
"""What may happen to a traced process: it executes itself, forks, dies, stands still, is debugged, its pid comes again."""

import ctypes
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest
from lab import load
from lab.procs import PYTHON, free_port, listens, wait_until
from lab.tracer import Tracer
from victim import Victim, assert_closed, counted, trace

HERE = Path(__file__).parent
SYS_CLONE3 = 435


@pytest.mark.short
def test_it_executes_itself(lab):
    v = Victim(lab)
    tracer = trace(v)
    for n in range(3):
        v.get("/exec")
        v.wait_said("begins", n + 2)
        wait_until(lambda: listens(v.port), 20, "service after its exec")
        v.get(f"/after/{n}")
    tracer.wait_spans(6)
    paths = [s.path for s in tracer.stop()]
    assert sorted(paths) == ["/after/0", "/after/1", "/after/2", "/exec", "/exec", "/exec"]
    assert_closed(tracer)


@pytest.mark.short
@pytest.mark.parametrize(("program", "file"), [("node", "file"), ("java", "libjvm.so")])
def test_its_memory_is_a_file_that_does_not_answer(lab, program, file):
    """Whoever reads there waits for ever, and holds what the process needs to go on."""
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("there is no /dev/fuse here")
    program, folder, port = lab.folder / program, lab.folder / "silent", free_port()
    shutil.copy(os.path.realpath(PYTHON), program)
    folder.mkdir()
    env = {"PORT": str(port), "ROOM": "x" * 2000, "PYTHONHOME": sys.base_prefix}
    proc = lab.serve("silent", ["unshare", "-m", program, HERE / "silent.py", folder, file], port, env)
    tracer = Tracer(lab, "--pid", proc.pid)
    load.get(port, "/x")
    assert [s.path for s in tracer.wait_spans(1)] == ["/x"]
    tracer.stop()
    assert_closed(tracer)


@pytest.mark.short
def test_its_library_is_a_pipe(lab):
    """Whoever opens it waits for who writes; and were it a device, the host's might do anything."""
    folder, port = lab.folder / "piped", free_port()
    folder.mkdir()
    java = lab.folder / "java"
    shutil.copy(os.path.realpath(PYTHON), java)
    env = {"PORT": str(port), "PYTHONHOME": sys.base_prefix}
    proc = lab.serve("piped", ["unshare", "-m", java, HERE / "piped.py", folder], port, env)
    tracer = Tracer(lab, "--pid", proc.pid)
    load.get(port, "/x")
    assert [s.path for s in tracer.wait_spans(1)] == ["/x"]
    tracer.stop()
    assert_closed(tracer)


def test_it_forks_more_often_than_processes_fit(lab):
    """The table of processes has 16,384 rows: those of the dead are free again."""
    v = Victim(lab)
    tracer = trace(v)
    with v.under_load(concurrency=1, pause=0.05):
        for _ in range(17):	# a request of all of them would take longer than a client waits
            v.get("/forks/1000")
    assert load.get(v.port, "/last")[0] == 200
    tracer.stop()
    assert_closed(tracer)
    assert "processes not traced" not in tracer.proc.errors()


@pytest.mark.short
def test_it_is_killed_within_a_request(lab):
    v = Victim(lab)
    tracer = trace(v)
    with load.Steady(v.port, "/slow/60", concurrency=2):
        v.wait_said("slow", 2)
        v.proc.tell(signal.SIGKILL)
        assert tracer.proc.wait(30) == 0
    spans = tracer.spans()
    assert len(spans) == 2 and all("error.type" in s.attributes for s in spans), spans
    assert_closed(tracer)


@pytest.mark.short
def test_it_stands_still(lab):
    v = Victim(lab)
    tracer = trace(v)
    with load.Steady(v.port, "/stopped", concurrency=1) as result:
        time.sleep(0.2)
        v.proc.tell(signal.SIGSTOP)
        time.sleep(2)
        v.proc.tell(signal.SIGCONT)
        time.sleep(0.2)
    assert not result.failed
    spans = tracer.stop()
    longest = max(s.end - s.start for s in spans)
    assert 1.8e9 < longest < 10e9, longest
    assert_closed(tracer)


@pytest.mark.short
def test_it_is_debugged(lab):
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    v, told = Victim(lab), lab.folder / "told"
    tracer = trace(v)
    with v.under_load(concurrency=2) as result:
        strace = lab.start("strace", ["strace", "-f", "-o", told, "-p", v.pid])
        wait_until(lambda: told.exists() and told.read_text(errors="replace").count("GET /load") > 10, 20,
                   "requests that the debugger sees")
        strace.stop(signal.SIGINT)
    tracer.wait_spans(result.sent)
    tracer.stop()
    assert_closed(tracer)


def start_as(pid, command, env):
    """Starts a command under a pid of our choice; None: somebody else has it."""
    class Args(ctypes.Structure):
        _fields_ = [(n, ctypes.c_uint64) for n in (
            "flags", "pidfd", "child_tid", "parent_tid", "exit_signal", "stack", "stack_size", "tls", "set_tid",
            "set_tid_size", "cgroup")]
    wanted = (ctypes.c_int * 1)(pid)
    args = Args(exit_signal=signal.SIGCHLD, set_tid=ctypes.addressof(wanted), set_tid_size=1)
    got = ctypes.CDLL(None, use_errno=True).syscall(SYS_CLONE3, ctypes.byref(args), ctypes.sizeof(args))
    if got == 0:
        os.execve(command[0], command, {**os.environ, **env})
    return got if got > 0 else None


@pytest.mark.short
def test_its_pid_comes_again(lab):
    """Another service under the same pid is not traced for that; one that is gets its own name."""
    stdlib = [PYTHON, str(Victim.SERVICE)]
    v = Victim(lab, OTEL_SERVICE_NAME="first")
    other, again = free_port(), free_port()
    tracer = Tracer(lab, "--port", v.port, "--port", again)
    v.get("/first")
    tracer.wait_spans(1)
    v.proc.stop()
    for port, name in ((other, "stranger"), (again, "second")):
        pid = start_as(v.pid, stdlib, {"PORT": str(port), "OTEL_SERVICE_NAME": name})
        if not pid:
            pytest.skip("the pid could not be had again")
        wait_until(lambda p=port: listens(p), 20, "service")
        load.get(port, f"/{name}")
        time.sleep(0.5)
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
    spans = tracer.stop()
    assert {(s.path, s.service) for s in spans} == {("/first", "first"), ("/second", "second")}
    assert_closed(tracer)
    assert counted(tracer, "spans lost") == 0
