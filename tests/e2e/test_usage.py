# SPDX-License-Identifier: GPL-2.0-only
"""Every wrong use gets one clear sentence and a non-zero exit status."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from lab.procs import TRACER


def run(*args, env=None, **kwargs):
    return subprocess.run([TRACER, *args], capture_output=True, text=True, timeout=60, check=False, env=env, **kwargs)


WRONG = {
    "no such process": (["--pid", "4194000"], "4194000"),
    "not a pid": (["--pid", "abc"], "--pid"),
    "not a port": (["--port", "70000"], "70000"),
    "nothing selected": ([], "--pid"),
    "misspelt option": (["--prot", "80"], "did you mean '--port'"),
    "unknown option": (["--zzzzzzzz"], "--help"),
    "stray word": (["4242"], "--pid 4242"),
    "bad URL": (["--all", "--endpoint", "localhost:4318"], "http://"),
    "unknown exporter": (["--all", "--exporter", "jaeger"], "jaeger"),
    "two exporters on stdout": (["--all", "--exporter", "json,console"], "exporters"),
    "no such recording": (["--replay", "/nonexistent/run.rec"], "/nonexistent/run.rec"),
    "not a recording": (["--replay", "/bin/sh"], "/bin/sh"),
    "replay with a selector": (["--replay", "/bin/sh", "--pid", "1"], "--pid"),
    "no such command": (["--", "/nonexistent/command"], "/nonexistent/command"),
    "unwritable recording": (["--all", "--record", "/nonexistent/run.rec"], "/nonexistent/run.rec"),
    "unwritable output": (["--all", "--exporter", "json:/nonexistent/spans"], "/nonexistent/spans"),
    "bad duration": (["--all", "--link-wait", "soon"], "soon"),
    "unknown provider": (["--all", "--capture", "magic"], "magic"),
    "missing argument": (["--pid"], "--pid"),
}


@pytest.mark.quick
@pytest.mark.parametrize("what", WRONG)
def test_wrong_use(what):
    args, needle = WRONG[what]
    done = run(*args)
    assert done.returncode > 0
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert needle in lines[0], lines[0]
    assert done.stdout == ""


def as_nobody(tmp_path, *args):
    program = tmp_path / "ebpf-tracer"		# the tree itself may be closed to others
    program.write_bytes(TRACER.read_bytes())
    program.chmod(0o755)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    return subprocess.run([program, *args], user=65534, group=65534, extra_groups=[], capture_output=True, text=True,
                          timeout=60, check=False)


def test_without_root_it_says_what_is_missing(tmp_path):
    done = as_nobody(tmp_path, "--all")
    assert done.returncode > 0
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert "root" in done.stderr or "CAP_" in done.stderr, done.stderr


def test_help_fits_two_screens():
    done = run("--help")
    assert done.returncode == 0 and done.stderr == ""
    lines = done.stdout.splitlines()
    assert len(lines) <= 48 and max(map(len, lines)) <= 80
    assert "--pid" in done.stdout and "--replay" in done.stdout


def test_version_names_the_commit_and_libbpf():
    done = run("--version")
    assert done.returncode == 0 and "libbpf" in done.stdout


@pytest.mark.quick
def test_doctor_tells_what_this_kernel_allows():
    done = run("doctor")
    assert done.returncode == 0, done.stderr
    for method in ("socket tracepoints", "kernel functions", "system calls"):
        assert method in done.stdout.split("capture methods")[1], f"not a word on {method}"
    assert "attached" in done.stdout


def test_types_from_a_file(tmp_path):
    """They serve for layouts; the kernel's own, hidden here by an empty /sys, are needed all the same, and said to be."""
    types, hide = tmp_path / "types", f"mount -t tmpfs none /sys/kernel/btf; exec {TRACER} "
    types.write_bytes(Path("/sys/kernel/btf/vmlinux").read_bytes())
    assert run("doctor", "--btf", types).returncode == 0
    done = run("doctor", "--btf", "/bin/sh")
    assert done.returncode == 1 and "from '/bin/sh': " in done.stdout and not done.stderr
    for args in ("doctor", f"doctor --btf {types}", f"--all --exporter none --btf {types}"):
        done = subprocess.run(["unshare", "--mount", "sh", "-c", hide + args], capture_output=True, text=True,
                              timeout=60, check=False)
        said = done.stdout + done.stderr
        assert done.returncode == 1 and "mount /sys for /sys/kernel/btf/vmlinux" in said and "libbpf" not in said, said


def test_a_host_without_proc():
    hide = f"while umount -l /proc 2>/dev/null; do :; done; exec {TRACER} "  # it may be mounted twice
    for args in ("doctor", "--all --exporter none", "--port 80 --exporter none", "--pid 1"):
        done = subprocess.run(["unshare", "--mount", "sh", "-c", hide + args], capture_output=True, text=True,
                              timeout=60, check=False)
        assert done.returncode == 1 and "there is no /proc here" in done.stdout + done.stderr, done


def test_doctor_names_the_runtime_of_a_process():
    done = run("doctor", "--pid", str(os.getpid()))
    about = done.stdout.split("process ")[1]
    assert f"CPython {sys.version_info.major}.{sys.version_info.minor}" in about
    assert re.search(r"task +0\.\d+\n", about), about
    assert re.search(r"order +0\.\d+, inferred\n", about), about


def test_doctor_tells_programs_the_same_story():
    """Every word of the JSON stands in the text, and what neither allows makes the exit status."""
    args = ["doctor", "--pid", str(os.getpid())]
    text, report = run(*args), run(*args, "--json")
    told = json.loads(report.stdout)
    assert text.returncode == report.returncode == 0 and told["possible"]
    for section in told["sections"]:
        assert section["title"] in text.stdout.splitlines()
        for row in section["rows"]:
            assert row["name"] in text.stdout
            assert re.search(r"\s" + re.escape(", ".join(row[x] for x in ("is", "why") if x in row)) + r"\n", text.stdout)


def test_doctor_fails_when_nothing_can_be_traced(tmp_path):
    """No rights: its verdict is told in the exit status too. The same of a process that is not there."""
    for done in (as_nobody(tmp_path, "doctor", "--json"), run("doctor", "--json", "--pid", "4194000")):
        assert done.returncode == 1 and not json.loads(done.stdout)["possible"]
    assert "CAP_BPF" in as_nobody(tmp_path, "doctor").stdout


def test_root_of_a_user_namespace_is_not_the_hosts():
    """A rootless container: all capabilities are there, and none counts."""
    for args in (["doctor"], ["--all", "--exporter", "none"]):
        done = subprocess.run(["unshare", "--user", "--map-root-user", TRACER, *args], capture_output=True, text=True,
                              timeout=60, check=False)
        assert done.returncode == 1 and "(a rootless container)" in done.stdout + done.stderr, done
        assert "privileges                         enough" not in done.stdout


def test_doctor_says_of_a_process_what_a_capture_would(tmp_path):
    """What it may not look into it does not describe."""
    for args in (["--pid", str(os.getpid())], ["--pid", "2"], ["--pid", "4194000"]):
        why = as_nobody(tmp_path, *args).stderr.removeprefix("ebpf-tracer: error: ").strip()
        about = as_nobody(tmp_path, "doctor", *args).stdout.split(f"process {args[1]}\n")[1]
        assert about.split() == ["tracing", "it", "refused,", *why.split()]


def test_doctor_names_each_way_to_a_parent_once():
    """Java's is read by objects, and its virtual threads by thread, as those of everybody are."""
    java = shutil.which("java")
    if not java:
        pytest.skip("java is not installed")
    about, deadline = "", time.monotonic() + 30
    with subprocess.Popen([java, "--source", "17", "/dev/stdin"], stdin=subprocess.PIPE) as vm:
        while "Java, read" not in about and time.monotonic() < deadline:
            about = run("doctor", "--pid", str(vm.pid)).stdout.split("process ")[1]
        vm.kill()
    methods = re.findall(r"(\w+) +[01]\.\d{3}", about)
    assert "Java, read" in about and len(methods) == len(set(methods)) > 4, about
