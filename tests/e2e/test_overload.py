# SPDX-License-Identifier: GPL-2.0-only
"""More than can be read: what is lost is counted to the byte, the rest is whole, and it ends by itself."""

import shutil
import signal
import socket
import threading
import time

import pytest
from lab.procs import wait_until
from lab.tracer import Tracer
from test_nginx import start_nginx

LANES = 64  # abi/limits.h
needs_wrk = pytest.mark.skipif(not shutil.which("wrk"), reason="wrk is not installed")

OVERFLOW = 500  # requests: of their records, of 640 bytes each, the smallest ring holds a fifth
REQUEST = b"GET /files/none HTTP/1.1\r\nHost: a\r\n\r\n"
pytestmark = pytest.mark.skipif(not shutil.which("nginx", path="/usr/sbin:/usr/bin"), reason="nginx is not installed")


class Client(threading.Thread):
    """Asks as fast as it is answered until told to stop; knows how often it asked and what it heard."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.conn = port, None
        self.asked = self.heard = 0
        self.ended = threading.Event()

    def ask(self):
        if self.asked % 500 == 0:  # nginx serves 1000 on one
            self.conn = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        self.conn.sendall(REQUEST)
        self.asked += 1
        answer = part = self.conn.recv(65536)
        while part and b"</html>" not in answer:
            part = self.conn.recv(65536)
            answer += part
        assert part, "the server closed the connection"
        self.heard += len(answer)

    def run(self):
        while not self.ended.is_set():
            self.ask()


def wait_asked(clients, n):
    """Until they have asked so often again."""
    before = sum(c.asked for c in clients)
    wait_until(lambda: sum(c.asked for c in clients) >= before + n, 60, f"{n} requests")


def busy(port, tracer):
    """The reader stands still under load, and comes back; afterwards all is calm and a few more requests follow."""
    clients = [Client(port) for _ in range(4)]
    for c in clients:
        c.start()
    wait_asked(clients, 100)
    tracer.proc.tell(signal.SIGSTOP)
    wait_asked(clients, OVERFLOW)
    tracer.proc.tell(signal.SIGCONT)
    wait_until(lambda: "overload: " in tracer.proc.errors(), 30, "word of the overload")
    wait_asked(clients, OVERFLOW)
    for c in clients:
        c.ended.set()
        c.join()
    wait_until(lambda: "overload is over" in tracer.proc.errors(), 60, "end of the overload")
    for _ in range(20):
        clients[0].ask()
    return sum(c.asked for c in clients), sum(c.heard for c in clients)


def test_the_smallest_ring(lab):
    port, nginx = start_nginx(lab)
    tracer = Tracer(lab, "--pid", nginx.pid, "--ring-size", "64K", "--stats", "json")
    asked, heard = busy(port, tracer)
    spans = tracer.stop()
    stats = tracer.stats()[-1]
    kernel, user = stats["kernel"], stats["user"]
    assert stats["closed"] == {"received": True, "sent": True}
    assert (kernel["rx_bytes"], kernel["tx_bytes"]) == (asked * len(REQUEST), heard)
    assert kernel["exchanges_shed"] > 0 and kernel["rx_lost"] > 0
    assert kernel["rx_shed"] == kernel["exchanges_shed"] * len(REQUEST)
    assert user["requests"] + kernel["exchanges_shed"] + kernel["rx_lost"] // len(REQUEST) == asked
    assert len(spans) == user["spans"] == user["requests"]
    assert tracer.proc.errors().count("overload") == 2
    last = sorted(spans, key=lambda s: s.start)[-20:]
    assert not any(s.trace_state for s in last), "what came after the overload is not one of several"
    weighed = [s for s in spans if s.trace_state]
    assert weighed and all(";th:" in s.trace_state for s in weighed)


def start_wrk(lab, port):
    return lab.start("wrk", ["wrk", "-t1", "-c32", "-d60s", f"http://127.0.0.1:{port}/files/none"])


@needs_wrk
def test_no_dearer_than_allowed(lab):
    """nginx takes 5 us for a request: to trace each of them is more than a part of that."""
    port, nginx = start_nginx(lab)
    tracer = Tracer(lab, "--pid", nginx.pid, "--max-overhead", "2", "--ring-size", "64M", "--stats", "json",
                    exporter="none")
    wrk = start_wrk(lab, port)
    wait_until(lambda: "and may take 2 (--max-overhead)" in tracer.proc.errors(), 20, "word of the price")
    time.sleep(0.5)
    wrk.kill()
    tracer.stop()
    stats = tracer.stats()[-1]
    kernel = stats["kernel"]
    asked = kernel["rx_bytes"] / len(f"GET /files/none HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n")
    assert stats["closed"] == {"received": True, "sent": True}
    assert kernel["exchanges_shed"] > 0 and kernel["rx_lost"] == 0
    assert stats["user"]["requests"] + kernel["exchanges_shed"] == asked
    assert 50 < stats["calls_ns"] / (2 * asked) < 50000, "ns of our programs in a socket call of nginx"


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(child) for child in f.read().split()]


def worker_of(nginx):
    """The one process that serves; nginx listens before it makes it."""
    wait_until(lambda: children_of(nginx.pid), 20, "nginx's worker")
    return children_of(nginx.pid)[0]


def two_in_lanes_of_their_own(lab):
    busy_port, busy_one = start_nginx(lab)
    while True:
        port, other = start_nginx(lab)
        if worker_of(other) % LANES != worker_of(busy_one) % LANES:
            return busy_port, busy_one, port, other


@needs_wrk
def test_a_flood_does_not_starve_others(lab):
    """One service fills the smallest ring many times over; of another, asked now and then, nothing is left out."""
    busy_port, busy_one, port, other = two_in_lanes_of_their_own(lab)
    tracer = Tracer(lab, "--pid", busy_one.pid, "--pid", other.pid, "--ring-size", "64K", "--stats", "json")
    start_wrk(lab, busy_port)
    wait_until(lambda: "overload: " in tracer.proc.errors(), 10, "word of the overload")
    time.sleep(0.5)
    client = Client(port)
    for _ in range(100):
        client.ask()
        time.sleep(0.01)
    spans = tracer.stop()
    stats = tracer.stats()[-1]
    of_other = [s for s in spans if s.attributes["server.port"] == port]
    assert stats["kernel"]["exchanges_shed"] > 1000
    assert len(of_other) >= 95, f"{len(of_other)} of 100 requests of the quiet service"
