# SPDX-License-Identifier: GPL-2.0-only
"""Requests to a server of this machine, a bounded number of them or until told to stop."""

import http.client
import threading
import time
from dataclasses import dataclass, field


@dataclass
class Result:
    sent: int = 0
    failed: list = field(default_factory=list)


def get(port, path, method="GET", headers=None, timeout=60):
    """One request on its own connection: (status, body)."""
    conn = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        conn.request(method, path, headers=headers or {})
        response = conn.getresponse()
        return response.status, response.read()
    finally:
        conn.close()


def ask(conn, path):
    """One request on a connection that is kept if the server keeps it; returns None or what went wrong."""
    try:
        conn.request("GET", path)
        response = conn.getresponse()
        response.read()
        return None if response.status == 200 else f"{path}: status {response.status}"
    except (OSError, http.client.HTTPException) as e:
        conn.close()
        return f"{path}: {e!r}"


def run(port, paths, concurrency):
    """Requests every path once."""
    result = Result()
    left = iter(paths)
    lock = threading.Lock()

    def work():
        conn = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        while True:
            with lock:
                path = next(left, None)
            if path is None:
                break
            error = ask(conn, path)
            with lock:
                result.sent += 1
                if error:
                    result.failed.append(error)
        conn.close()
    threads = [threading.Thread(target=work) for _ in range(concurrency)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return result


class Steady:
    """Load in the background until the with block ends, at most `seconds` long."""

    def __init__(self, port, path, concurrency=4, pause=0.002, seconds=600):
        self.result = Result()
        self.port, self.path, self.pause = port, path, pause
        self.deadline = time.monotonic() + seconds
        self.ended = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.work) for _ in range(concurrency)]

    def work(self):
        conn = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        while not self.ended.wait(self.pause) and time.monotonic() < self.deadline:
            error = ask(conn, self.path)
            with self.lock:
                self.result.sent += 1
                if error:
                    self.result.failed.append(error)
        conn.close()

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self.result

    def __exit__(self, *_):
        self.ended.set()
        for t in self.threads:
            t.join()
