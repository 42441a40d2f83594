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


def start_clients(port, n=4):
    clients = [Client(port) for _ in range(n)]
    for c in clients:
        c.start()
    return clients


def end_clients(clients):
    for c in clients:
        c.ended.set()
        c.join()


def busy(port, tracer):
    """The reader stands still under load, and comes back; afterwards all is calm and a few more requests follow."""
    clients = start_clients(port)
    time.sleep(0.3)
    tracer.proc.tell(signal.SIGSTOP)
    time.sleep(0.4)
    tracer.proc.tell(signal.SIGCONT)
    wait_until(lambda: "overload: " in tracer.proc.errors(), 10, "word of the overload")
    time.sleep(0.3)
    end_clients(clients)
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


def test_no_dearer_than_allowed(lab):
    """nginx takes 5 us for a request: to trace each of them is more than a part of that."""
    port, nginx = start_nginx(lab)
    tracer = Tracer(lab, "--pid", nginx.pid, "--max-overhead", "2", "--stats", "json", exporter="none")
    clients = start_clients(port)
    wait_until(lambda: "and may take 2 (--max-overhead)" in tracer.proc.errors(), 20, "word of the price")
    time.sleep(0.5)
    end_clients(clients)
    tracer.stop()
    stats = tracer.stats()[-1]
    kernel, asked = stats["kernel"], sum(c.asked for c in clients)
    assert stats["closed"] == {"received": True, "sent": True}
    assert kernel["exchanges_shed"] > 0 and kernel["rx_lost"] == 0
    assert stats["user"]["requests"] + kernel["exchanges_shed"] == asked
    assert 100 < stats["calls_ns"] / (2 * asked) < 20000, "ns of our programs in a socket call of nginx"
