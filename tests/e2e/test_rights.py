# SPDX-License-Identifier: GPL-2.0-only
"""Least privilege: which rights are enough, what is missing otherwise, whom they let trace, what is left of them."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from lab import load, otlp
from lab.procs import PYTHON, TRACER, free_port, listens, wait_until
from lab.tracer import Tracer

NOBODY = 65534
ENOUGH = ("bpf", "perfmon", "sys_ptrace", "dac_read_search")
SYS_PTRACE, DAC_READ_SEARCH, KILL = 1 << 19, 1 << 2, 1 << 5


@pytest.fixture
def program(tmp_path):
    """A copy that everybody may run: the tree itself may be closed to others."""
    copy = tmp_path / "ebpf-tracer"
    shutil.copy(TRACER, copy)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    return copy


def with_caps(program, *caps):
    """The command of a user who has these capabilities and no others."""
    held = "-all" + "".join(f",+{c}" for c in caps)
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", f"--inh-caps={held}",
            f"--ambient-caps={held}", f"--bounding-set={held}", program]


def service(lab, **kwargs):
    port = free_port()
    command = [PYTHON, "-m", "http.server", "--bind", "127.0.0.1", "--directory", lab.folder, str(port)]
    return port, lab.serve("service", command, port, {"OTEL_SERVICE_NAME": "shop"}, **kwargs)


def run(command, **kwargs):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **kwargs)


def start(lab, command, *args):
    proc = lab.start("tracer", [*command, "--exporter", "json", *args])
    wait_until(lambda: "ready:" in proc.errors() or not proc.running(), 60, "ready line")
    assert proc.running(), proc.errors()
    return proc


def traces(proc, port):
    load.get(port, "/data/1")
    wait_until(lambda: "/data/1" in proc.output(), 10, "span")
    return proc.output()


def test_four_capabilities_are_enough(lab, program):
    """Another user's process, by --port: to be found it must be looked into, to be named its environment be read."""
    port, _ = service(lab)
    proc = start(lab, with_caps(program, *ENOUGH), "--port", port)
    assert '"shop"' in traces(proc, port)
    assert proc.stop() == 0
    assert "without CAP_" not in proc.errors()


@pytest.mark.parametrize("missing", ENOUGH[:2])
def test_what_is_missing_is_named(program, missing):
    done = run(with_caps(program, *(c for c in ENOUGH if c != missing)) + ["--port", "1"])
    assert done.returncode == 1
    assert f"CAP_{missing.upper()}" in done.stderr and done.stderr.count("CAP_") == 1, done.stderr


def test_others_are_not_traced_without_the_right_to(lab, program):
    port, theirs = service(lab)
    mine_port, mine = service(lab, user=NOBODY, group=NOBODY, extra_groups=[])
    allowed = with_caps(program, "bpf", "perfmon")
    done = run([*allowed, "--pid", str(theirs.pid)])
    assert done.returncode == 1 and "CAP_SYS_PTRACE" in done.stderr, done.stderr
    done = run([*allowed, "--all"])
    assert done.returncode == 1 and "CAP_SYS_PTRACE" in done.stderr, done.stderr
    proc = start(lab, allowed, "--comm", mine.popen.args[0].rsplit("/", 1)[-1])
    assert "not this user's" in proc.errors()
    load.get(port, "/data/secret")
    traces(proc, mine_port)
    proc.stop()
    assert "/data/secret" not in proc.output()


def test_ones_own_process_that_hides_its_memory_is_not_called_anothers(lab, program):
    hides = "import ctypes, time; ctypes.CDLL(None).prctl(4, 0); print('hidden', flush=True); time.sleep(60)"
    mine = lab.start("hides", [PYTHON, "-c", hides], user=NOBODY, group=NOBODY, extra_groups=[])
    wait_until(lambda: "hidden" in mine.output(), 10, "that it hides")
    done = run([*with_caps(program, "bpf", "perfmon"), "--pid", str(mine.pid)])
    assert done.returncode == 1 and "CAP_SYS_PTRACE" in done.stderr and "not this user's" not in done.stderr, done.stderr


def test_a_program_with_capabilities_of_its_own_traces_the_callers_processes_only(lab, program):
    if run(["setcap", ",".join(f"cap_{c}" for c in ENOUGH) + "+ep", program]).returncode:
        pytest.skip("files cannot be given capabilities here")
    _, theirs = service(lab)
    port, mine = service(lab, user=NOBODY, group=NOBODY, extra_groups=[])
    as_nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", program]
    done = run([*as_nobody, "--pid", str(theirs.pid)])
    assert done.returncode == 1 and "not this user's" in done.stderr, done.stderr
    proc = start(lab, as_nobody, "--pid", mine.pid)
    traces(proc, port)
    assert proc.stop() == 0


def test_who_becomes_another_user_is_traced_no_more(lab, program, tmp_path):
    """A child that executes a set-user-id program is not the caller's any more."""
    python = tmp_path / "python-as-root"
    shutil.copy(os.path.realpath(PYTHON), python)
    python.chmod(0o4755)
    port, when = free_port(), tmp_path / "now"
    become = (f"import os, time\nwhile not os.path.exists('{when}'): time.sleep(0.05)\n"
              f"os.execv('{python}', ['{python}', '-m', 'http.server', '--directory', '{tmp_path}', '{port}'])")
    mine = lab.start("mine", [PYTHON, "-c", become], user=NOBODY, group=NOBODY, extra_groups=[])
    proc = start(lab, with_caps(program, "bpf", "perfmon"), "--pid", mine.pid)
    when.touch()
    wait_until(lambda: listens(port), 30, "service")
    load.get(port, "/data/1")
    proc.stop()
    assert "/data/1" not in proc.output()


def status_of(path):
    return dict(x.split(":\t", 1) for x in path.read_text().splitlines() if ":\t" in x)


def test_what_is_left_of_root(lab):
    """Every thread has given up what it does not need; only the loop may still look into processes."""
    _, proc = service(lab)
    tracer = Tracer(lab, "--pid", proc.pid, exporter=f"json:{lab.folder / 'spans'},none")
    threads = {t: status_of(t / "status") for t in Path(f"/proc/{tracer.pid}/task").iterdir()}
    assert len(threads) == 3
    for folder, status in threads.items():
        is_loop = folder.name == str(tracer.pid)
        caps = SYS_PTRACE | DAC_READ_SEARCH if is_loop else 0
        assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == caps, folder
        assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", folder
    tracer.stop()


def test_a_command_keeps_what_its_caller_has(lab):
    tracer = Tracer(lab, "--", "/bin/cat", "/proc/self/status", "/proc/sys/kernel/ostype", ready=False)
    assert tracer.proc.wait(60) == 0
    own = status_of(Path("/proc/self/status"))
    status = dict(x.split(":\t", 1) for x in tracer.proc.output().splitlines() if ":\t" in x)
    for key in ("CapEff", "CapPrm", "CapBnd", "NoNewPrivs", "Seccomp"):
        assert status[key] == own[key]


def test_signals_still_reach_a_command_of_another_user(lab):
    tracer = Tracer(lab, "--", "/bin/sleep", "60", env={"SUDO_UID": str(NOBODY), "SUDO_GID": str(NOBODY)})
    assert int(status_of(Path(f"/proc/{tracer.pid}/status"))["CapEff"], 16) & KILL
    assert tracer.proc.stop(signal.SIGTERM) == 128 + signal.SIGTERM


def test_in_a_pid_namespace(lab):
    """A container's own numbers, for what is in it and in the one below: --pid, children, links; nobody else is seen."""
    outside, inside = free_port(), free_port()
    lab.serve("outside", [PYTHON, "-m", "http.server", "--bind", "127.0.0.1", str(outside)], outside)
    script = f"""
{PYTHON} -m http.server --bind 127.0.0.1 --directory {lab.folder} {inside} &
{TRACER} --all --exporter json:{lab.folder}/spans.json &
until {PYTHON} -c "import socket; socket.create_connection(('127.0.0.1', {inside}))"; do sleep 0.1; done
until grep -q ready: {lab.folder}/said; do sleep 0.1; done
unshare --pid --fork {PYTHON} -c "
import urllib.request, urllib.error
for n, port in enumerate(({inside}, {outside}, {inside})):
    try: urllib.request.urlopen(f'http://127.0.0.1:{{port}}/data/{{n}}')
    except urllib.error.HTTPError: pass"
sleep 1
kill -TERM $!
wait $!
"""
    with open(lab.folder / "said", "w", encoding="utf-8") as said:
        subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", script], stderr=said,
                       timeout=60, check=False)
    spans = otlp.read_spans(lab.folder / "spans.json")
    servers = [s for s in spans if s.kind == otlp.SERVER]
    assert sorted(s.path for s in servers) == ["/data/0", "/data/2"], (lab.folder / "said").read_text()
    assert all(s.method == "position" for s in servers)
    clients = [s for s in spans if s.kind == otlp.CLIENT]
    assert sorted(s.path for s in clients) == ["/data/0", "/data/1", "/data/2"]
