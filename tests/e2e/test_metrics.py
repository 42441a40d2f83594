# SPDX-License-Identifier: GPL-2.0-only
"""--metrics: the figures of the summary at a real backend, over every protocol, and what is said where none are taken."""

import http.server
import json
import os
import subprocess
import threading

import pytest
from lab import collector, load
from lab.procs import ROOT, TRACER, wait_until
from lab.tracer import Tracer
from test_two_services import start_services

RECORDING = ROOT / "tests/replay/two-services.rec"
needs_collector = pytest.mark.skipif(not collector.BINARY.exists(), reason=collector.MISSING)


def values(metric):
    """{label's value or "": number} of all data points of a metric"""
    points = (metric.get("sum") or metric.get("gauge"))["dataPoints"]
    return {"".join(a["value"]["stringValue"] for a in p.get("attributes", [])): float(p.get("asInt", p.get("asDouble")))
            for p in points}


def read_metrics(line):
    """{name: {label: number}} of one request, and whose it is"""
    (resource,) = json.loads(line)["resourceMetrics"]
    (scope,) = resource["scopeMetrics"]
    whose = {a["key"]: a["value"]["stringValue"] for a in resource["resource"]["attributes"]}
    return {m["name"]: values(m) for m in scope["metrics"]}, whose


def check_against(metrics, stats):
    assert metrics["ebpf_tracer.requests"][""] == stats["user"]["requests"] > 0
    assert metrics["ebpf_tracer.counts"] == stats["user"]
    assert metrics["ebpf_tracer.kernel.counts"] == stats["kernel"]
    assert metrics["ebpf_tracer.spans"]["sent"] == stats["export"]["sent"]
    assert metrics["process.memory.usage"][""] > 1e6


@needs_collector
@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json", "grpc"])
def test_every_protocol(lab, protocol):
    backend = collector.Collector(lab, exporters="file")
    port = backend.grpc if protocol == "grpc" else backend.http
    done = subprocess.run(
        [TRACER, "--replay", RECORDING, "--exporter", "none", "--metrics", "--stats", "json", "--protocol", protocol,
         "--endpoint", f"http://127.0.0.1:{port}"],
        env={"PATH": os.environ["PATH"], "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"}, capture_output=True, text=True,
        timeout=60, check=True)
    (line,) = backend.stop()
    metrics, whose = read_metrics(line)
    assert whose["service.name"] == "ebpf-tracer"
    check_against(metrics, json.loads(done.stderr.splitlines()[-1]))


@needs_collector
def test_while_it_traces(lab):
    backend = collector.Collector(lab, exporters="file")
    port, pa, pb = start_services(lab, slow=(0, 5))
    tracer = Tracer(lab, "--pid", pa.pid, "--pid", pb.pid, "--metrics", "--stats", "json", "--endpoint",
                    f"http://127.0.0.1:{backend.http}", env={"OTEL_METRIC_EXPORT_INTERVAL": "200"})
    assert not load.run(port, ["/"] * 20, 4).failed
    wait_until(lambda: backend.file.read_text().count("\n") > 3, 20, "four requests with metrics")
    tracer.stop()
    sent = [read_metrics(line)[0] for line in backend.stop()]
    requests = [m["ebpf_tracer.requests"][""] for m in sent]
    assert requests == sorted(requests) and requests[0] < requests[-1] == 60
    last = sent[-1]
    check_against(last, tracer.stats()[-1])
    assert last["ebpf_tracer.kernel.time_per_request"][""] > 100
    assert 0 < last["ebpf_tracer.ring.high"][""] < last["ebpf_tracer.ring.size"][""]
    assert last["process.cpu.time"][""] > 0.01


class Refuser(http.server.BaseHTTPRequestHandler):
    """Takes traces and no metrics, as Jaeger does."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200 if self.path == "/v1/traces" else 404)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def test_a_backend_without_metrics(lab):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuser)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    done = subprocess.run([TRACER, "--replay", RECORDING, "--exporter", "otlp", "--metrics", "--endpoint", url],
                          env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, timeout=60, check=True)
    server.shutdown()
    server.server_close()
    assert f"export: {url}/v1/metrics takes no metrics (status 404)" in done.stderr
    assert "36 sent, 0 rejected by the backend, 0 failed" in done.stderr
