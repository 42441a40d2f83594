# SPDX-License-Identifier: GPL-2.0-only
"""Every attribute of every exported span is one of the conventions, of its type, and those that are required are there."""

import json
import socket

from lab import sdk, semconv
from lab.procs import ROOT, free_port
from lab.tracer import Tracer, raw_lines

REQUESTS = [
    "GET /chain/x HTTP/1.1\r\nHost: shop.example:8080\r\n",
    "GET /chain/x?a=1&sig=secret HTTP/1.1\r\nHost: a\r\nUser-Agent: Ä\r\n",
    "GET http://other.example/chain/x HTTP/1.1\r\nHost: other.example\r\n",
    "GET /chain/x HTTP/1.0\r\n",
    "GET /missing HTTP/1.1\r\nHost: a\r\nForwarded: for=9.9.9.9;host=b.example;proto=https\r\n",
    "HEAD /chain/x HTTP/1.1\r\nHost: a\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\n",
    "FLY /chain/x HTTP/1.1\r\nHost: [::1]:80\r\n",
    "POST /chain/x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nX-Forwarded-For: 1.2.3.4, 5.6.7.8\r\n",
    "GET /chain/{dead}/y HTTP/1.1\r\nHost: a\r\n",
    "GET /chain/{next}/chain?u=1 HTTP/1.1\r\nHost: a\r\n",
]


def ask(port, head):
    body = "hi" if head.startswith("POST") else ""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as s:
        s.sendall(f"{head}Connection: close\r\n\r\n{body}".encode())
        while s.recv(65536):
            pass


def check_all(requests):
    n = 0
    for request in requests:
        for rs in request["resourceSpans"]:
            semconv.check_resource(rs["resource"])
            for span in (s for ss in rs["scopeSpans"] for s in ss["spans"]):
                semconv.check_span(span)
                n += 1
    return n


def test_attributes_are_those_of_the_conventions(lab):
    front, one = sdk.plain(lab, "front")
    back, two = sdk.plain(lab, "back")
    tracer = Tracer(lab, "--pid", one.pid, "--pid", two.pid)
    for head in REQUESTS:
        ask(front, head.format(dead=free_port(), next=back) if "{" in head else head)
    tracer.stop()
    assert check_all(raw_lines(tracer.spans_file)) >= len(REQUESTS) + 2


def test_recorded_spans_too():
    for path in sorted((ROOT / "tests/replay").glob("*.json")):
        with open(path, encoding="utf-8") as lines:
            for span in map(json.loads, lines):
                semconv.check_span(span)
