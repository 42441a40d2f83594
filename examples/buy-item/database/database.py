# SPDX-License-Identifier: GPL-2.0-only
"""The stock, in SQLite, behind HTTP. Nothing here knows of tracing."""

import sqlite3
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

SCHEMA = """
create table stock (item text primary key, left int);
insert into stock values ('lamp', 1000000), ('chair', 0);
"""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        item = parse_qs(urlsplit(self.path).query).get("item", [""])[0]
        with self.server.stock as db:
            taken = db.execute("update stock set left = left - 1 where item = ? and left > 0", (item,)).rowcount
        self.answer(200, f"one {item} is yours\n") if taken else self.answer(409, f"there is no {item} left\n")

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 9003), Handler)
server.stock = sqlite3.connect(":memory:", check_same_thread=False)
server.stock.executescript(SCHEMA)
server.serve_forever()
