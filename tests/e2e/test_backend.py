# SPDX-License-Identifier: GPL-2.0-only
"""The backend is away: the service notices nothing, memory stays bounded, drops are counted; it comes back: spans too."""

import concurrent.futures
import json
import re
import time

import pytest

from lab import collector, load, otlp
from lab.jaeger import BINARY, Jaeger
from lab.procs import TRACER, free_port, wait_until
from lab.tracer import Tracer
from test_nginx import start_nginx
from test_two_services import start_services



def rss_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(r"VmRSS:\s+(\d+) kB", f.read())[1])


@pytest.mark.skipif(not BINARY.exists(), reason="Jaeger is not built (make jaeger)")
def test_backend_away_and_back(lab):
    port, pa, pb = start_services(lab, slow=(0, 2))
    otlp_port = free_port()
    tracer = Tracer(lab, "--pid", pa.pid, "--pid", pb.pid, "--endpoint", f"http://127.0.0.1:{otlp_port}",
                    exporter="otlp", env={"OTEL_BSP_MAX_QUEUE_SIZE": "600"})
    result = load.run(port, ["/"] * 200, 4)
    assert not result.failed
    small = rss_kb(tracer.pid)
    result = load.run(port, ["/"] * 600, 4)
    assert not result.failed, "the service noticed that the backend is away"
    assert rss_kb(tracer.pid) - small < 8192, "memory grows while the backend is away"
    jaeger = Jaeger(lab, otlp_port)

    def arrives():
        load.get(port, "/")
        return jaeger.traces("service-a")
    wait_until(arrives, 60, "trace after the backend is back", step=0.5)
    tracer.stop()
    text = tracer.proc.errors()
    found = re.search(r"(\d+) spans: (\d+) sent, (\d+) rejected by the backend, (\d+) failed, (\d+) dropped", text)
    made, sent, rejected, failed, dropped = (int(x) for x in found.groups())
    assert made == sent + rejected + failed + dropped, "spans went missing uncounted: " + found[0]
    assert failed + dropped > 0 and sent > 0


def test_without_a_backend_traces_are_on_the_console_until_it_answers(lab):
    if not BINARY.exists():
        pytest.skip("Jaeger is not built (make jaeger)")
    port, pa, pb = start_services(lab, slow=(0, 2))
    otlp_port = free_port()
    proc = lab.start("auto", [TRACER, "--pid", pa.pid, "--pid", pb.pid,
                              "--endpoint", f"http://127.0.0.1:{otlp_port}"])
    wait_until(lambda: "ready" in proc.errors(), 60, "ready line")
    load.get(port, "/")
    wait_until(lambda: "service-b" in proc.output(), 10, "trace on the console")
    jaeger = Jaeger(lab, otlp_port)

    def arrives():
        load.get(port, "/")
        return jaeger.traces("service-a")
    wait_until(arrives, 60, "trace in Jaeger", step=0.5)
    assert proc.stop() == 0


@pytest.mark.slow
@pytest.mark.skipif(not collector.BINARY.exists(), reason=collector.MISSING)
def test_restart_amid_20000_requests(lab, record_property):
    """What fits the queue arrives, once each; the rest is counted; the service notices nothing."""
    requests = 20000
    (lab.folder / "files").mkdir()
    (lab.folder / "files/x").write_text("x")
    port, nginx = start_nginx(lab)
    backend = collector.Collector(lab, exporters="file")
    tracer = Tracer(lab, "--pid", nginx.pid, "--endpoint", f"http://127.0.0.1:{backend.http}", exporter="otlp",
                    env={"OTEL_BSP_MAX_QUEUE_SIZE": "4000"})
    lines = []

    def restart():
        time.sleep(1)
        lines.extend(backend.stop())
        time.sleep(3)
        return collector.Collector(lab, backend.http, exporters="file")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        restarted = pool.submit(restart)
        result = load.run(port, ["/files/x"] * requests, 8)
        second = restarted.result()
    assert result.sent == requests and not result.failed, result.failed[:5]
    tracer.stop()
    lines += second.stop()
    ids = [s.span_id for line in lines for s in otlp.spans_of(json.loads(line))]
    found = re.search(r"(\d+) spans: (\d+) sent, (\d+) rejected by the backend, (\d+) failed, (\d+) dropped",
                      tracer.proc.errors())
    made, sent, rejected, failed, dropped = (int(x) for x in found.groups())
    record_property("score", found[0])
    assert len(ids) == len(set(ids)) == sent, f"{len(ids)} spans arrived, {len(set(ids))} different ones; {found[0]}"
    assert made == requests == sent + rejected + failed + dropped and not rejected
    assert dropped, "nothing was dropped: the backend was not away for long enough"
