# SPDX-License-Identifier: GPL-2.0-only
"""Both sides of the truth runs on nothing but http.server and urllib: `stdlib.py front` or `stdlib.py back`.

HOW tells who calls the backend: the thread that serves (direct), a pool of 8 threads (pool), a new thread (spawn).
"""
import os
import random
import secrets
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

truth = os.open(os.environ.get("TRUTH", "/dev/null"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def call(token):
    with urllib.request.urlopen(f"{os.environ['BACKEND']}/data/{token}", timeout=60) as r:
        return r.read()


def spawn(token):
    answer = []
    thread = threading.Thread(target=lambda: answer.append(call(token)))
    thread.start()
    thread.join()
    return answer[0]


pool = ThreadPoolExecutor(8)
how = {"direct": call, "spawn": spawn, "pool": lambda token: pool.submit(call, token).result()}[
    os.environ.get("HOW", "direct")]


class Front(Handler):
    def do_GET(self):
        token = secrets.token_hex(8)
        os.write(truth, f"{self.path.rsplit('/', 1)[1]} {token}\n".encode())
        self.answer(how(token))


class Back(Handler):
    def do_GET(self):
        time.sleep(random.uniform(0, 0.01))
        self.answer(b"data\n")


class Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True


if __name__ == "__main__":
    Server(("127.0.0.1", int(os.environ["PORT"])), {"front": Front, "back": Back}[sys.argv[1]]).serve_forever()
