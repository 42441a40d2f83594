# SPDX-License-Identifier: GPL-2.0-only
"""`ebpf-tracer -- command`: runs it as the caller of sudo, passes signals on, ends with its exit status."""

import signal

import pytest
from lab import load
from lab.procs import PYTHON, SERVICES, free_port, listens, wait_until
from lab.tracer import Tracer


def start(lab, *command, env=None):
    return Tracer(lab, "--", *command, env=env, ready=False)


@pytest.mark.quick
@pytest.mark.parametrize("status", [0, 7])
def test_exit_status_is_the_commands(lab, status):
    assert start(lab, "/bin/sh", "-c", f"exit {status}").proc.wait(60) == status


def test_death_by_signal_is_told_as_a_shell_does(lab):
    assert start(lab, "/bin/sh", "-c", "kill -9 $$").proc.wait(60) == 128 + 9


def test_signal_goes_to_the_command(lab):
    tracer = start(lab, PYTHON, "-uc", "import signal, sys, time\n"
                   "signal.signal(signal.SIGTERM, lambda *_: sys.exit(42))\nprint('up')\ntime.sleep(60)")
    wait_until(lambda: "up" in tracer.proc.output(), 60, "command that is up")
    assert tracer.proc.stop(signal.SIGTERM) == 42


def test_it_runs_as_the_caller_of_sudo(lab):
    tracer = start(lab, "/usr/bin/id", "-u", env={"SUDO_UID": "65534", "SUDO_GID": "65534", "SUDO_USER": "nobody"})
    assert tracer.proc.wait(60) == 0
    assert tracer.proc.output().strip() == "65534"


def test_it_is_traced_from_its_first_request(lab):
    port = free_port()
    tracer = start(lab, PYTHON, SERVICES / "back_flask.py", env={"PORT": str(port)})
    wait_until(lambda: listens(port), 60, "service")
    load.get(port, "/data/1")
    spans = tracer.wait_spans(1)
    assert spans[0].path == "/data/1" and spans[0].service == "back_flask"
    tracer.proc.stop(signal.SIGTERM)


def test_signals_are_those_of_the_command(lab):
    """SIGPIPE ends the writer of a closed pipe silently, as it would without a tracer."""
    tracer = start(lab, "/bin/sh", "-c", "yes | head -1; grep SigIgn /proc/self/status")
    assert tracer.proc.wait(60) == 0
    assert "Broken pipe" not in tracer.proc.output()
    ignored = int(tracer.proc.output().split("SigIgn:")[1].split()[0], 16)
    assert not ignored & 1 << signal.SIGPIPE - 1


def test_the_ready_line_names_the_command(lab):
    tracer = start(lab, "/bin/sleep", "0.2")
    assert tracer.proc.wait(60) == 0
    assert "tracing sleep (" in tracer.proc.errors()
