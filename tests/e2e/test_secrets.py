# SPDX-License-Identifier: GPL-2.0-only
"""Nothing secret leaves by accident: what a service is given in confidence is in no span, unless it was asked for."""

import http.client
import json

import pytest
from lab.procs import PYTHON, free_port
from lab.tracer import Tracer

SECRETS = {
    "authorization": "Basic c2VjcmV0LWF1dGg=",
    "cookie": "session=secret-cookie",
    "x-api-key": "secret-key",
    "referer": "http://elsewhere/secret-referer",
}
ANSWER = {"set-cookie": "session=secret-set-cookie", "x-answer": "secret-answer"}
SERVICE = f"""
from http.server import BaseHTTPRequestHandler, HTTPServer
import os
class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        for name, value in {list(ANSWER.items())!r}:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"secret-response-body")
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
QUERY = "?page=2&sig=secret-sig&X-Amz-Signature=secret-amz&token=secret-token"


@pytest.fixture
def port(lab):
    port = free_port()
    script = lab.folder / "confidential.py"
    script.write_text(SERVICE)
    lab.serve("service", [PYTHON, script, "--password=secret-argument"], port,
              {"PORT": str(port), "DATABASE_URL": "postgres://u:secret-environment@db/x"})
    return port


def ask(port):
    conn = http.client.HTTPConnection("127.0.0.1", port)
    conn.request("POST", "http://user:secret-userinfo@shop.example/pay" + QUERY, "secret-request-body", SECRETS)
    assert conn.getresponse().read() == b"secret-response-body"


def spans_of(lab, port, *args):
    """The text of all that was exported, and the attributes of the one span."""
    tracer = Tracer(lab, "--port", port, *args)
    ask(port)
    tracer.wait_spans(1)
    tracer.stop()
    text = tracer.spans_file.read_text()
    span = json.loads(text)["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    return text, {a["key"]: a["value"] for a in span["attributes"]}, tracer


@pytest.mark.quick
def test_nothing_secret_is_in_a_span(lab, port):
    text, attrs, _ = spans_of(lab, port, "--redact", "token")
    assert "secret" not in text and "c2VjcmV0" not in text, text
    assert attrs["url.query"] == {"stringValue": "page=2&sig=REDACTED&X-Amz-Signature=REDACTED&token=REDACTED"}


def test_headers_are_shown_that_were_asked_for(lab, port):
    text, attrs, _ = spans_of(lab, port, "--redact", "token", "--capture-headers", "X-API-Key,x-answer")
    assert attrs["http.request.header.x-api-key"] == {"arrayValue": {"values": [{"stringValue": "secret-key"}]}}
    assert attrs["http.response.header.x-answer"] == {"arrayValue": {"values": [{"stringValue": "secret-answer"}]}}
    assert text.count("secret") == 2


def test_a_recording_is_for_its_owner_and_says_what_it_holds(lab, port):
    path = lab.folder / "run.rec"
    path.touch(0o644)
    _, _, tracer = spans_of(lab, port, "--record", path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert "passwords included" in tracer.proc.errors()
    assert b"secret-request-body" in path.read_bytes()
    assert b"secret-environment" not in path.read_bytes()
