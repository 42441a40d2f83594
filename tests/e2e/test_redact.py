# SPDX-License-Identifier: GPL-2.0-only
"""A recording that may be shown to others: who spoke when with whom, and nothing of what was said."""

import socket
import subprocess
import time
from pathlib import Path

from lab import otlp
from lab.procs import PYTHON, TRACER, free_port
from lab.tracer import Tracer

SECRETS = ("s3cret-path", "s3cret-query", "s3cret-cookie", "s3cret-body", "s3cret-argument", "s3cret-answer")


def talk(port):
    """Requests whose heads, bodies and answers hold secrets: in one piece, in many, chunked."""
    body = "5;ext=s3cret-body\r\nhello\r\nb\r\ns3cret-body\r\n0\r\nX: s3cret-cookie\r\n\r\n"
    head = ("POST /echo/s3cret-path?key=s3cret-query HTTP/1.1\r\nHost: s3cret-cookie\r\nCookie: id=s3cret-cookie\r\n"
            "Authorization: Basic s3cret-cookie\r\nTraceparent: 00-" + "ab" * 16 + "-" + "cd" * 8 + "-01\r\n")
    for extra, piece in (("Content-Length: 11\r\n\r\ns3cret-body", 1000),
                         ("Transfer-Encoding: chunked\r\n\r\n" + body, 1000),
                         ("Transfer-Encoding: chunked\r\n\r\n" + body, 7)):
        with socket.create_connection(("127.0.0.1", port)) as s:
            text = (head + extra).encode()
            for at in range(0, len(text), piece):
                s.sendall(text[at:at + piece])
                time.sleep(0.002)
            s.shutdown(socket.SHUT_WR)
            while s.recv(65536):
                pass


def structure(spans):
    return sorted((s.trace_id, s.span_id, s.parent_id, s.kind, s.start, s.end, s.code, s.service, s.method)
                  for s in spans)


def test_a_recording_without_payload(lab):
    """Nothing of what was said is in it, and its replay shows the same spans at the same times."""
    port, file = free_port(), lab.folder / "run.rec"
    service = lab.serve("service", [PYTHON, Path(__file__).parent / "services/secretive.py", "s3cret-argument"], port,
                        {"PORT": str(port)})
    tracer = Tracer(lab, "--pid", service.pid, "--record", file, "--redact-payload")
    talk(port)
    tracer.wait_spans(3)
    live = tracer.stop()
    assert len(live) == 3 and all(s.path == "/echo/s3cret-path" and s.trace_id == "ab" * 16 for s in live)
    recorded = file.read_bytes()
    assert not [x for x in SECRETS if x.encode() in recorded]
    assert b"POST /xxxx/" in recorded and b"Transfer-Encoding: chunked" in recorded
    out = lab.folder / "again.json"
    subprocess.run([TRACER, "--replay", file, "--exporter", f"json:{out}"], check=True, timeout=60)
    assert structure(otlp.read_spans(out)) == structure(live)
