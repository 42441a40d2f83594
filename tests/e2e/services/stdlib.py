# SPDX-License-Identifier: GPL-2.0-only
"""Both sides of the truth runs on nothing but http.server and urllib: `stdlib.py front` or `stdlib.py back`.

HOW tells who calls the backend: the thread that serves (direct), a pool of 8 threads (pool), a new thread (spawn), a
new one that nobody waits for (later); or the thread that serves and a timer for nobody's sake (timer).
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


def later(token):
    threading.Timer(0.02, call, [token]).start()
    return b"later\n"


def refresh():
    """Of a cache, say: it goes on whatever is served."""
    served.wait()
    while True:
        time.sleep(0.003)
        call(note("-"))


def note(request):
    """Writes down that a call is made for the request, and which; returns its token."""
    token = secrets.token_hex(8)
    os.write(truth, f"{request} {token}\n".encode())
    return token


served = threading.Event()
pool = ThreadPoolExecutor(8)
how = {"direct": call, "timer": call, "later": later, "spawn": spawn, "pool": lambda token: pool.submit(call, token).result()}[
    os.environ.get("HOW", "direct")]


class Front(Handler):
    def do_GET(self):
        served.set()
        self.answer(how(note(self.path.rsplit("/", 1)[1])))


class Back(Handler):
    disable_nagle_algorithm = True  # else the body waits for the head to be acknowledged, 40 ms on each connection

    def do_GET(self):
        time.sleep(random.uniform(0, 0.01))
        self.answer(b"data\n")


class Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True


if __name__ == "__main__":
    if os.environ.get("HOW") == "timer":
        threading.Thread(target=refresh, daemon=True).start()
    Server(("127.0.0.1", int(os.environ["PORT"])), {"front": Front, "back": Back}[sys.argv[1]]).serve_forever()
