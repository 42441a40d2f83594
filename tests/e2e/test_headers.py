# SPDX-License-Identifier: GPL-2.0-only
"""What requests from outside say of their cause: every format is honoured, hostile ones begin a new trace."""

import socket

from lab import sdk
from lab.otlp import SERVER
from lab.tracer import Tracer

TID, LOW, SID = "0af7651916cd43dd8448eb211c80319c", "8448eb211c80319c", "b7ad6b7169203331"
GOOD = f"traceparent: 00-{TID}-{SID}-01"

RIGHT = {
    "w3c": [GOOD],
    "w3c-any-case": [f"TraceParent: 00-{TID}-{SID}-01"],
    "w3c-before-b3": [f"b3: {LOW}-{SID}-0", GOOD],
    "b3": [f"b3: {TID}-{SID}-1"],
    "b3-multi": [f"X-B3-TraceId: {TID}", f"X-B3-SpanId: {SID}", "X-B3-Sampled: 1"],
    "b3-open": [f"X-B3-TraceId: {TID}", f"X-B3-SpanId: {SID}"],
    "jaeger": [f"uber-trace-id: {TID}:{SID}:0:1"],
    "xray": [f"X-Amzn-Trace-Id: Self=1-1-1;Root=1-{TID[:8]}-{TID[8:]};Parent={SID};Sampled=1"],
    "datadog": [f"x-datadog-trace-id: {int(LOW, 16)}", f"x-datadog-parent-id: {int(SID, 16)}",
                "x-datadog-sampling-priority: 1", f"x-datadog-tags: _dd.p.dm=-0,_dd.p.tid={TID[:16]}"],
    "bad-w3c-good-b3": ["traceparent: nonsense", f"b3: {TID}-{SID}-1"],
    "bad-state": [GOOD, "tracestate: ===,,," + "x" * 5000],
}

HOSTILE = {
    "upper": [f"traceparent: 00-{TID.upper()}-{SID}-01"],
    "twice": [GOOD, GOOD.replace("-01", "-00")],
    "zero-trace": [f"traceparent: 00-{'0' * 32}-{SID}-01"],
    "zero-span": [f"traceparent: 00-{TID}-{'0' * 16}-01"],
    "version-ff": [f"traceparent: ff-{TID}-{SID}-01"],
    "short": ["traceparent: 00-1-1-01"],
    "long": [GOOD + "-" + "a" * 20000],
    "empty": ["traceparent:"],
    "bytes": ["traceparent: 00-" + "\x01\xff" * 16 + f"-{SID}-01"],
    "folded": [f"traceparent: 00-{TID}\r\n -{SID}-01"],
    "b3-only-decision": ["b3: 0"],
    "b3-huge": ["b3: " + "f" * 10000],
    "jaeger-colons": ["uber-trace-id: " + ":" * 3000],
    "datadog-overflow": ["x-datadog-trace-id: 99999999999999999999", "x-datadog-parent-id: 1"],
}


def ask(port, path, headers):
    lines = [f"GET /chain/{path} HTTP/1.1", "Host: a", "Connection: close", *headers]
    with socket.create_connection(("127.0.0.1", port), timeout=30) as s:
        s.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        while s.recv(65536):
            pass


def test_headers_right_and_hostile(lab):
    port, proc = sdk.plain(lab, "z")
    tracer = Tracer(lab, "--pid", proc.pid)
    for name, headers in (RIGHT | HOSTILE).items():
        ask(port, name, headers)
    spans = {s.path.rsplit("/", 1)[1]: s for s in tracer.stop() if s.kind == SERVER}
    assert spans.keys() == RIGHT.keys() | HOSTILE.keys()
    for name in RIGHT:
        assert (spans[name].trace_id, spans[name].parent_id) == (TID, SID), name
    for name in HOSTILE:
        assert spans[name].parent_id == "" and LOW not in spans[name].trace_id, name
    assert len({spans[name].trace_id for name in HOSTILE}) == len(HOSTILE)
    assert all(b["verdict"] == "closed" for b in tracer.books().values())
