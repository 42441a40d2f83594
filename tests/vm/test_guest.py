# SPDX-License-Identifier: GPL-2.0-only
"""The short way through everything on one kernel: PROVIDERS names what it must allow, the first of them by itself."""

import os
import re
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lab import load, otlp
from lab.otlp import CLIENT, SERVER
from lab.procs import PATIENCE, PYTHON, ROOT, SERVICES, TRACER, free_port
from lab.tracer import Tracer
from lab.verified import verified

ALL = ["socket", "fentry", "syscall"]
SAID = {"socket": "socket tracepoints", "fentry": "kernel functions", "syscall": "system calls"}
ALLOWED = os.environ["PROVIDERS"].split(",")
REQUESTS = 8
HOUR_S = 3600


def note_verified(provider, tracer):
    """For the table of all kernels."""
    with open(os.environ.get("VERIFIED", os.devnull), "a", encoding="utf-8") as f:
        for program, insns in sorted(verified(tracer.pid).items()):
            f.write(f"verified {provider} {program} {insns}\n")


def two_services(lab):
    front, back = free_port(), free_port()
    pids = [lab.serve("back", [PYTHON, SERVICES / "stdlib.py", "back"], back, {"PORT": str(back)}).pid,
            lab.serve("front", [PYTHON, SERVICES / "stdlib.py", "front"], front,
                      {"PORT": str(front), "BACKEND": f"http://127.0.0.1:{back}"}).pid]
    return front, [x for pid in pids for x in ("--pid", pid)]


def check_chain(spans, path):
    server = otlp.only(spans, kind=SERVER, path=path)
    client = otlp.only(spans, kind=CLIENT, parent_id=server.span_id)
    back = otlp.only(spans, kind=SERVER, parent_id=client.span_id)
    assert server.parent_id == "" and client.trace_id == back.trace_id == server.trace_id
    assert server.holds(client) and client.holds(back)
    assert (client.method, back.method) == ("thread", "position")
    assert server.code == client.code == back.code == 200


@pytest.mark.parametrize("provider", ALLOWED)
def test_two_services_are_linked(lab, provider):
    port, pids = two_services(lab)
    tracer = Tracer(lab, "--capture", provider, *pids)
    note_verified(provider, tracer)
    for n in range(REQUESTS):
        assert load.get(port, f"/ask/{n}")[0] == 200
    tracer.wait_spans(3 * REQUESTS, 60)
    spans = tracer.stop()
    assert len(spans) == 3 * REQUESTS
    for n in range(REQUESTS):
        check_chain(spans, f"/ask/{n}")
    for way, books in tracer.books().items():
        assert books["verdict"] == "closed", f"{way}: {books}"


def test_auto_takes_the_best(lab):
    tracer = Tracer(lab, "--all")
    ready = next(x for x in tracer.proc.errors().splitlines() if "ready" in x)
    tracer.stop()
    assert SAID[ALLOWED[0]] in ready, ready


def test_doctor_misses_nothing_required():
    said = subprocess.run([TRACER, "doctor"], capture_output=True, text=True, timeout=60 * PATIENCE, check=True).stdout
    assert not re.search("missing, so no (tracing|log lines)", said), said
    assert re.search(SAID[ALLOWED[0]] + r"\s+works, preferred", said), said


def test_a_pid_namespace_allows_the_same(lab):
    """Where every number is looked up the programs are longer, and take more stack; --pid is the number in there."""
    port, said, spans = free_port(), lab.folder / "said", lab.folder / "spans.json"
    script = f"""
PORT={port} {PYTHON} {SERVICES / "stdlib.py"} back &
service=$!
{TRACER} doctor >{lab.folder}/doctor
{TRACER} --pid $service --exporter json:{spans} 2>{said} &
until grep -q ready: {said}; do sleep 0.2; done
{PYTHON} -c "from lab import load; load.get({port}, '/inside')"
until grep -q /inside {spans}; do sleep 0.2; done
kill -TERM $!
wait $!
"""
    done = subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", script],
                          capture_output=True, text=True, timeout=60 * PATIENCE, check=False)
    assert [(x.kind, x.path) for x in otlp.read_spans(spans)] == [(SERVER, "/inside")], done.stderr + said.read_text()
    doctor = (lab.folder / "doctor").read_text()
    assert all(re.search(SAID[x] + r"\s+works", doctor) for x in ALLOWED), doctor


def test_the_clock_is_set_while_a_request_is_served(lab):
    """By an hour; only a guest has a clock to play with. How long it took does not change, what comes later is later."""
    port = free_port()
    service = lab.serve("slow", [PYTHON, ROOT / "tests/faults/service.py"], port, {"PORT": str(port)})
    tracer = Tracer(lab, "--pid", service.pid)
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(load.get, port, "/slow/3")
        time.sleep(1)
        time.clock_settime(time.CLOCK_REALTIME, time.time() + HOUR_S)
        assert slow.result()[0] == 200
    assert load.get(port, "/after")[0] == 200
    tracer.wait_spans(2, 60)
    during, after = sorted(tracer.stop(), key=lambda x: x.path, reverse=True)
    assert 3e9 <= during.end - during.start < 60e9
    assert during.end <= after.start < (time.time() + 1) * 1e9 and after.start > (time.time() - HOUR_S / 2) * 1e9


def test_it_is_locked_down_if_it_was_told_to_be():
    """Then all else here has worked on a kernel that is."""
    told = re.search(r"\blockdown=(\w+)", Path("/proc/cmdline").read_text(encoding="ascii"))
    if told:
        assert f"[{told[1]}]" in Path("/sys/kernel/security/lockdown").read_text(encoding="ascii")


def test_a_container_of_cgroups_version_1(lab):
    """As on hosts that still have it; docker without systemd. Nothing but the number of the container is to be had."""
    number, tree = "0123456789abcdef" * 4, lab.folder / "cgroup"
    group = tree / "docker" / number
    tree.mkdir()
    subprocess.run(["mount", "-t", "cgroup", "-o", "none,name=systemd", "none", tree], check=True)
    group.mkdir(parents=True)
    port = free_port()
    service = lab.serve("contained", [PYTHON, SERVICES / "stdlib.py", "back"], port, {"PORT": str(port)})
    (group / "cgroup.procs").write_text(str(service.pid))
    tracer = Tracer(lab, "--pid", service.pid)
    assert load.get(port, "/contained")[0] == 200
    tracer.wait_spans(1, 60)
    span, = tracer.stop()
    assert span.resource["container.id"] == number


def test_others_are_refused_with_a_sentence():
    for provider in ALL:
        if provider in ALLOWED:
            continue
        done = subprocess.run([TRACER, "--all", "--capture", provider, "--exporter", "none"], capture_output=True,
                              text=True, timeout=60 * PATIENCE, check=False)
        assert done.returncode != 0
        assert re.search(r"this kernel lacks .*\(\d+\.\d+\)", done.stderr), done.stderr
