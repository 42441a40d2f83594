#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A backend that takes OTLP/HTTP and counts the spans, for those who do not count what they sent: GET /count says how
many.  Usage: sink.py PORT"""

import gzip
import http.server
import sys
import threading

RESOURCE_SPANS, SCOPE_SPANS, SPANS = 1, 2, 2	# field numbers on the way down to a span


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def parts(data, number):
    """Every length-delimited field of that number; of the others, only how long they are matters."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 2:
            size, at = varint(data, at)
            if tag >> 3 == number:
                yield data[at:at + size]
            at += size
        elif tag & 7 == 0:
            _, at = varint(data, at)
        else:
            at += 8 if tag & 7 == 1 else 4


def count_spans(request):
    return sum(1 for resource in parts(memoryview(request), RESOURCE_SPANS) for scope in parts(resource, SCOPE_SPANS)
               for _ in parts(scope, SPANS))


class Sink(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    lock = threading.Lock()
    spans = 0

    def answer(self, body=b""):
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        """Node's exporter sends in chunks."""
        if "Content-Length" in self.headers:
            return self.rfile.read(int(self.headers["Content-Length"]))
        found = b""
        while size := int(self.rfile.readline(), 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return found

    def do_POST(self):
        body = self.body()
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        if self.path == "/v1/traces":
            n = count_spans(body)
            with Sink.lock:
                Sink.spans += n
        self.answer()

    def do_GET(self):
        self.answer(str(Sink.spans).encode())

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Sink).serve_forever()
