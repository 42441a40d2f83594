# SPDX-License-Identifier: GPL-2.0-only
"""A front that is one thread with an event loop of its own, and nothing in it that would tell requests apart.

HOW tells what it does with a request; tokens of "-" are calls on behalf of nobody:

direct  one call, whose answer it passes on        early  calls, and answers at once
both    two calls at once                          later  answers at once, and calls a few ms afterwards
chain   two calls, one after the other             wait   calls after a few ms, and passes the answer on
mirror  the same to two, passes the first on       timer  direct, and calls every 3 ms for nobody
hedge   a second call if the first one takes long  ping   direct, and asks each idle connection every 10 ms
retry   a second call if it does not like the      idle   answers after a few ms without a call, and calls every
        first answer                                      3 ms for nobody
cache   one call for all who ask the same meanwhile

CONNS is the number of connections to the backend, a call that finds none free waits.
"""
import heapq
import itertools
import os
import random
import secrets
import selectors
import socket
import time
from collections import deque

HOST, PORT = os.environ["BACKEND"].removeprefix("http://").split(":")
KEYS = 5
truth = os.open(os.environ.get("TRUTH", "/dev/null"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)


def message(head, body=b""):
    return b"%s\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s" % (head, len(body), body)


OK = message(b"HTTP/1.1 200 OK", b"ok\n")


class Loop:
    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.timers = []
        self.order = itertools.count()

    def after(self, seconds, act):
        heapq.heappush(self.timers, (time.monotonic() + seconds, next(self.order), act))

    def run(self):
        while True:
            wait = max(0, self.timers[0][0] - time.monotonic()) if self.timers else None
            for key, _ in self.selector.select(wait):
                key.data()
            while self.timers and self.timers[0][0] <= time.monotonic():
                heapq.heappop(self.timers)[2]()


class Conn:
    """Whole messages; act(head, body) is called for each, lost() when the other end has gone."""

    def __init__(self, loop, sock, act, lost):
        self.loop, self.sock, self.act, self.lost = loop, sock, act, lost
        self.bytes = b""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        loop.selector.register(sock, selectors.EVENT_READ, self.readable)

    def readable(self):
        try:
            got = self.sock.recv(65536)
        except ConnectionResetError:
            got = b""
        if not got:
            self.loop.selector.unregister(self.sock)
            self.sock.close()
            self.sock = None
            self.lost()
            return
        self.bytes += got
        while b"\r\n\r\n" in self.bytes:
            head, rest = self.bytes.split(b"\r\n\r\n", 1)
            length = int(head.lower().split(b"content-length:")[1].split()[0]) if b"ontent-" in head else 0
            if len(rest) < length:
                return
            self.bytes = rest[length:]
            self.act(head)

    def send(self, data):
        if self.sock:
            self.sock.sendall(data)


class Backend:
    def __init__(self, loop, conns):
        self.loop, self.waiting, self.idle = loop, deque(), []
        for _ in range(conns):
            self.idle.append(self.connect())

    def connect(self):
        sock = socket.create_connection((HOST, int(PORT)))
        conn = Conn(self.loop, sock, lambda _: self.answered(conn), lambda: None)
        return conn

    def call(self, owner, done=lambda: None):
        self.waiting.append((owner, done))
        self.work()

    def work(self):
        while self.idle and self.waiting:
            conn = self.idle.pop(0)
            owner, conn.done = self.waiting.popleft()
            token = secrets.token_hex(8)
            os.write(truth, f"{owner} {token}\n".encode())
            conn.send(message(b"GET /data/%s HTTP/1.1" % token.encode()))

    def answered(self, conn):
        self.idle.append(conn)
        conn.done()
        self.work()


class Front:
    def __init__(self, how, loop, backend):
        self.loop, self.backend = loop, backend
        self.how = getattr(self, how)
        self.asked = {}
        self.listener = socket.create_server(("127.0.0.1", int(os.environ["PORT"])), backlog=256)
        loop.selector.register(self.listener, selectors.EVENT_READ, self.accept)

    def accept(self):
        due = deque()  # of this connection: responses in the order of their requests, None: not yet
        conn = Conn(self.loop, self.listener.accept()[0], lambda head: self.serve(conn, due, head), lambda: None)

    def serve(self, conn, due, head):
        slot = [None]
        due.append(slot)

        def respond():
            slot[0] = OK
            while due and due[0][0]:
                conn.send(due.popleft()[0])
        self.how(head.split()[1].rsplit(b"/", 1)[1].decode(), respond)

    def direct(self, request, respond):
        self.backend.call(request, respond)

    timer = ping = direct

    def both(self, request, respond):
        left = iter((lambda: None, respond))
        for _ in range(2):
            self.backend.call(request, lambda: next(left)())

    def chain(self, request, respond):
        self.backend.call(request, lambda: self.backend.call(request, respond))

    def mirror(self, request, respond):
        self.backend.call(request, respond)
        self.backend.call(request)

    def hedge(self, request, respond):
        left = [respond]

        def win():
            if left:
                left.pop()()

        def again():
            if left:
                self.backend.call(request, win)
        self.backend.call(request, win)
        self.loop.after(0.005, again)

    def retry(self, request, respond):
        self.backend.call(request, respond if random.random() < 0.8 else lambda: self.backend.call(request, respond))

    def early(self, request, respond):
        self.backend.call(request)
        respond()

    def later(self, request, respond):
        respond()
        self.loop.after(random.uniform(0, 0.01), lambda: self.backend.call(request))

    def wait(self, request, respond):
        self.loop.after(random.uniform(0, 0.01), lambda: self.backend.call(request, respond))

    def idle(self, _request, respond):
        self.loop.after(random.uniform(0, 0.01), respond)

    def cache(self, request, respond):
        key = int(request) % KEYS
        if key in self.asked:
            self.asked[key].append(respond)
            return
        waiters = self.asked[key] = [respond]

        def tell():
            del self.asked[key]
            random.shuffle(waiters)
            for waiter in waiters:
                waiter()
        self.backend.call(request, tell)


def every(loop, seconds, act):
    def again():
        act()
        loop.after(seconds, again)
    loop.after(seconds, again)


def main():
    how, loop = os.environ.get("HOW", "direct"), Loop()
    backend = Backend(loop, int(os.environ.get("CONNS", "16")))
    front = Front(how, loop, backend)
    if how in ("timer", "idle"):
        every(loop, 0.003, lambda: backend.call("-"))
    if how == "ping":
        every(loop, 0.01, lambda: [backend.call("-") for _ in list(backend.idle)])
    front.loop.run()


if __name__ == "__main__":
    main()
