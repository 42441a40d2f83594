# SPDX-License-Identifier: GPL-2.0-only
"""--logs: what services write is exported as log records, each with the ids of the request that it was written for."""

import collections
import sys

import pytest
from lab import collector, load, logs, otlp
from lab.procs import PYTHON, ROOT, SERVICES, TRACER, free_port, wait_until
from lab.tracer import Tracer

sys.path.insert(0, str(ROOT / "tests/links"))

from cases import CASES  # noqa: E402
from measure import start, started  # noqa: E402

REQUESTS = 200
CONCURRENCY = 16


def start_shop(lab, name="shop", **env):
    port = free_port()
    return port, lab.serve(name, [PYTHON, SERVICES / "logging_flask.py"], port, {"PORT": str(port), **env})


def wait_lines(path, n):
    wait_until(lambda: path.exists() and len(logs.read(path)) >= n, 30, f"{n} log lines")
    return logs.read(path)


def links_of(spans, lines):
    """How many lines ("NUMBER TOKEN", written during /work/NUMBER) have the ids of their request, of another, of none."""
    servers = {s.span_id: s for s in spans if s.kind == otlp.SERVER}
    found = collections.Counter()
    for line in lines:
        number = line.body.split()[0]
        span = servers.get(line.span_id)
        if not line.span_id:
            found["none"] += 1
        elif span and span.path == f"/work/{number}" and span.trace_id == line.trace_id:
            found["right"] += 1
        else:
            found["wrong"] += 1
    return found


# The fronts of the link tests write a line for each request into TRUTH, which is a log file like any other.
LEAST = {
    "flask": 1, "gunicorn": 1, "aiohttp-direct": 1, "node-callback": 0.98, "node-await": 0.98, "go-direct": 1,
    "java-direct": 1, "java21-virtual": 1,
}


@pytest.mark.parametrize("case", [c for c in CASES if c.name in LEAST], ids=lambda c: c.name)
def test_lines_have_the_ids_of_their_request(lab, case):
    if case.needs():
        pytest.skip(case.needs())
    port = start(lab, case)
    tracer = Tracer(lab, *started(lab), "--log-file", lab.folder / "truth.txt")
    result = load.run(port, [f"/work/{n:05d}" for n in range(REQUESTS)], CONCURRENCY)
    assert not result.failed, result.failed[:5]
    spans = tracer.stop()
    links = links_of(spans, logs.read(tracer.spans_file))
    assert sum(links.values()) == REQUESTS * case.calls and not links["wrong"], links
    assert links["right"] >= LEAST[case.name] * REQUESTS * case.calls, links


@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json", "grpc"])
def test_the_collector_takes_them(lab, protocol):
    if not collector.BINARY.exists():
        pytest.skip(collector.MISSING)
    col = collector.Collector(lab)
    port, shop = start_shop(lab)
    endpoint = f"http://127.0.0.1:{col.grpc if protocol == 'grpc' else col.http}"
    tracer = Tracer(lab, "--pid", shop.pid, "--logs", "--protocol", protocol, "--endpoint", endpoint, exporter="otlp")
    assert load.get(port, "/buy/7")[0] == 200
    lines = {x.body.split(" ", 1)[-1]: x for x in wait_lines(col.file, 4)}
    tracer.stop()
    requests = col.stop()
    (span,) = [s for s in otlp.read_spans(col.file) if s.kind == otlp.SERVER]
    want = {"sold 7": (0, "stdout"), "WARNING few left of 7": (13, "stderr"), "ERROR none left of 7": (17, "stderr")}
    for body, (severity, stream) in want.items():
        line = next(x for x in lines.values() if x.body.endswith(body))
        assert (line.trace_id, line.span_id) == (span.trace_id, span.span_id), line
        assert (line.severity, line.attributes["log.iostream"], line.service) == (severity, stream, span.service), line
        assert span.start <= line.time <= span.end, line
    access = next(x for x in lines.values() if "GET /buy/7" in x.body)
    assert access.span_id == span.span_id and access.severity == 9, access
    assert requests and "rror" not in tracer.proc.errors().replace("ERROR", ""), tracer.proc.errors()


def test_what_is_written_stays_as_it_is(lab):
    """Byte by byte the same with and without; nothing is exported that was not asked for."""
    written = []
    for args in ([], ["--logs"]):
        port, shop = start_shop(lab)
        tracer = Tracer(lab, "--pid", shop.pid, *args)
        for n in range(20):
            assert load.get(port, f"/bytes/{n}")[0] == 200
        tracer.stop()
        shop.stop()
        written.append(shop.out.read_bytes())
        assert bool(logs.read(tracer.spans_file)) == bool(args)
    assert written[0] == written[1] and b"\xff\x1b[31m" in written[0]


def test_recorded_and_replayed(lab):
    port, shop = start_shop(lab)
    recording = lab.folder / "run.rec"
    tracer = Tracer(lab, "--pid", shop.pid, "--logs", "--record", recording)
    assert load.get(port, "/buy/1")[0] == 200
    wait_lines(tracer.spans_file, 4)
    tracer.stop()
    live = logs.read(tracer.spans_file)
    out = lab.folder / "replayed.json"
    assert lab.start("replay", [TRACER, "--replay", recording, "--logs", "-e", f"json:{out}"]).wait() == 0
    assert logs.read(out) == live
    tree = lab.start("tree", [TRACER, "--replay", recording, "--logs", "-e", "console"])
    assert tree.wait() == 0
    shown = tree.output()
    assert shown.index("GET /buy/1") < shown.index("┊ sold 1") < shown.index("none left of 1"), shown


def test_a_flood_of_lines_costs_no_request(lab):
    """Four threads write as fast as they can; requests are all there, and what was left out is counted."""
    port, shop = start_shop(lab, FLOOD="4")
    tracer = Tracer(lab, "--pid", shop.pid, "--logs", "--ring-size", "1M", "--stats", "json", exporter="none")
    result = load.run(port, [f"/bytes/{n}" for n in range(100)], 4)
    assert not result.failed, result.failed[:5]
    tracer.stop()
    stats = tracer.stats()[-1]
    assert stats["user"]["requests"] == 100 and stats["closed"] == {"received": True, "sent": True}, stats
    assert stats["kernel"]["ring_full"] == 0, stats["kernel"]


def test_exporters_without_lines_are_named(lab):
    _, shop = start_shop(lab)
    tracer = Tracer(lab, "--pid", shop.pid, "--logs", exporter="zipkin")
    tracer.proc.stop()
    assert "log lines go nowhere" in tracer.proc.errors()
