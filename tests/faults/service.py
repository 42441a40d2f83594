# SPDX-License-Identifier: GPL-2.0-only
"""The victim: answers at once, and does to itself what a path asks for: /exec, /forks/N, /slow/SECONDS."""

import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        what, _, n = self.path.strip("/").partition("/")
        if what == "forks":
            fork(int(n))
        elif what == "slow":
            time.sleep(float(n))
        body = f"{os.getpid()}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if what == "exec":
            os.execv(sys.executable, [sys.executable, *sys.argv])

    def log_message(self, *_):
        pass


def fork(n):
    for _ in range(n):
        pid = os.fork()
        if not pid:
            os._exit(0)
        os.waitpid(pid, 0)


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
