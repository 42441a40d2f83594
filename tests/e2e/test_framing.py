# SPDX-License-Identifier: GPL-2.0-only
"""Keep-alive connections with every kind of framing, over TCP and unix sockets: exactly one right span per exchange."""

import pytest
from lab.otlp import CLIENT, SERVER
from lab.procs import PYTHON, SERVICES, free_port, wait_until
from lab.tracer import Tracer

MIXED = ("plain,chunked,head,same,trailer,nothing,early,upload,expect,long,big-head,split,pipelined,plain,head,chunked,"
         "pipelined,same,long,upload,plain")
CODES = {"nothing": 204, "same": 304, "upgrade": 101}
METHODS = {"head": "HEAD", "upload": "POST", "expect": "PUT"}


def expected(script):
    """(path, method, status) of each exchange in order."""
    rows = []
    for number, word in enumerate(script.split(",")):
        for i in range(5 if word == "pipelined" else 1):
            rows.append((f"/{word}/{10 * number + i}", METHODS.get(word, "GET"), CODES.get(word, 200)))
    return rows


def run(lab, where, script, *args):
    """Traces a client and a server on their own processes; returns the spans."""
    if where.isdigit():
        server = lab.serve("server", [PYTHON, SERVICES / "raw.py", "serve", where], int(where))
    else:
        server = lab.start("server", [PYTHON, SERVICES / "raw.py", "serve", where])
        wait_until(lambda: (lab.folder / "socket").exists(), 20, "unix socket")
    go = lab.folder / "go"
    client = lab.start("client", [PYTHON, SERVICES / "raw.py", "client", where, script], {"GO": str(go)})
    tracer = Tracer(lab, "--pid", server.pid, "--pid", client.pid, *args)
    go.touch()
    assert client.wait(60) == 0, client.errors()
    return tracer.stop(), tracer


def rows_of(spans, kind):
    spans = sorted((s for s in spans if s.kind == kind), key=lambda s: (s.start, s.path))
    return sorted((s.path, s.attributes["http.request.method"], s.code) for s in spans)


def check(spans, script, method):
    rows = sorted(expected(script))
    assert rows_of(spans, SERVER) == rows
    assert rows_of(spans, CLIENT) == rows
    calls = {s.path: s for s in spans if s.kind == CLIENT}
    for s in spans:
        if s.kind == SERVER:
            call = calls[s.path]
            assert (s.parent_id, s.trace_id) == (call.span_id, call.trace_id), f"{s.path} ({s.method})"
            assert s.method == method
            assert call.holds(s), f"{s.path} is not inside its call"


@pytest.mark.quick
def test_mixed_keep_alive_over_tcp(lab):
    spans, tracer = run(lab, str(free_port()), MIXED)
    check(spans, MIXED, "position")
    assert all(b["verdict"] == "closed" for b in tracer.books().values())


@pytest.mark.quick
def test_mixed_keep_alive_over_a_unix_socket(lab):
    spans, tracer = run(lab, str(lab.folder / "socket"), MIXED)
    check(spans, MIXED, "unix")
    assert all(b["verdict"] == "closed" for b in tracer.books().values())


@pytest.mark.parametrize("capture", ["syscall", "fentry"])
def test_mixed_keep_alive_with_another_provider(lab, capture):
    port = str(free_port())
    server = lab.serve("server", [PYTHON, SERVICES / "raw.py", "serve", port], int(port))
    probe = Tracer(lab, "--pid", server.pid, "--capture", capture, exporter="none", ready=False)
    try:
        probe.wait_ready()
    except AssertionError:
        pytest.skip(probe.proc.errors().strip().splitlines()[-1])
    probe.stop()
    server.stop()
    spans, _ = run(lab, port, MIXED, "--capture", capture)
    check(spans, MIXED, "position")


@pytest.mark.parametrize("last", ["upgrade", "until-close"])
def test_last_exchange_of_a_connection(lab, last):
    script = f"plain,{last}"
    spans, _ = run(lab, str(free_port()), script)
    check(spans, script, "position")
