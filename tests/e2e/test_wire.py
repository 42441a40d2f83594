# SPDX-License-Identifier: GPL-2.0-only
"""The bytes that are exported, as others read them: OpenTelemetry's own decoder, and the Collector."""

import http.server
import json
import os
import re
import subprocess
import threading

import pytest
from lab import collector, sdk
from lab.procs import ROOT, TRACER

RECORDINGS = sorted((ROOT / "tests/replay").glob("*.rec"))


class Keeper(http.server.ThreadingHTTPServer):
    """Accepts everything that is posted, and keeps it in files."""

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder, self.files = folder, []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        path = self.server.folder / f"body.{len(self.server.files)}"
        path.write_bytes(body)
        self.server.files.append(path)
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def by_span(lines):
    """{span id: (resource, scope, span)}, every list of attributes in order of their keys"""
    found = {}
    for request in map(json.loads, lines):
        for rs in request["resourceSpans"]:
            for ss in rs["scopeSpans"]:
                for span in ss["spans"]:
                    found[span["spanId"]] = sort({
                        "resource": rs["resource"], "schema": rs.get("schemaUrl"), "scope": ss["scope"], "span": span})
    return found


def sort(value):
    if isinstance(value, dict):
        return {k: sort(v) for k, v in value.items() if v not in ("", [], {})}
    if isinstance(value, list):
        return sorted((sort(v) for v in value), key=lambda v: json.dumps(v, sort_keys=True))
    return value


def replay(lab, recording, *args, **env):
    """To where args say, and beside it as lines of JSON, which it returns."""
    ours = lab.folder / f"{recording.stem}.json"
    done = subprocess.run([TRACER, "--replay", recording, "--exporter", f"otlp,json:{ours}", *args],
                          env={"PATH": os.environ["PATH"], **env}, capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode == 0 and "0 rejected by the backend, 0 failed" in done.stderr, done.stderr
    return ours.read_text().splitlines()


@pytest.mark.skipif(not sdk.READY.exists(), reason=sdk.MISSING)
def test_an_independent_decoder_reads_the_same(lab):
    keeper = Keeper(lab.folder)
    url = f"http://127.0.0.1:{keeper.server_port}"
    ours = [line for recording in RECORDINGS for line in replay(lab, recording, "--endpoint", url)]
    keeper.shutdown()
    keeper.server_close()
    done = subprocess.run([sdk.VENV / "bin/python", ROOT / "tests/e2e/lab/decode_otlp.py", *keeper.files],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    theirs, own = by_span(done.stdout.splitlines()), by_span(ours)
    assert len(own) > 100 and theirs.keys() == own.keys()
    for span_id, want in own.items():
        assert theirs[span_id] == want, span_id


@pytest.mark.skipif(not collector.BINARY.exists(), reason=collector.MISSING)
def test_the_collector_reads_the_same_without_a_word(lab):
    backend = collector.Collector(lab)
    endpoints = {"http/protobuf": backend.http, "http/json": backend.http, "grpc": backend.grpc}
    ours = []
    for recording, (protocol, port) in zip(RECORDINGS, endpoints.items()):
        ours += replay(lab, recording, "--protocol", protocol, "--endpoint", f"http://127.0.0.1:{port}",
                       OTEL_EXPORTER_OTLP_COMPRESSION="gzip")
    own, theirs = by_span(ours), by_span(backend.stop())
    assert len(own) > 50 and theirs.keys() == own.keys()
    for span_id, want in own.items():
        assert theirs[span_id] == want, span_id
    said = backend.proc.errors()
    assert said.count("Span #") == len(own), "the debug exporter did not show every span"
    assert not re.search(r"^\S+\s+(warn|error)\s", said, re.M), said
