# SPDX-License-Identifier: GPL-2.0-only
"""Opens COUNT connections to itself, sends HEAD bytes of headers on each, and answers none of them; without COMPLETE
the headers have no end.

It waits for a line on standard input before it begins and after it has said how many there are. Each of its processes
has as many as its limit of open files allows.
"""

import os
import resource
import select
import socket
import sys
import threading

COUNT, HEAD = int(os.environ["COUNT"]), int(os.environ["HEAD"])
END = b"\r\n" if os.environ.get("COMPLETE") else b""


def read_all(listener):
    poll, conns = select.epoll(), {}
    poll.register(listener, select.EPOLLIN)
    while True:
        for fd, _ in poll.poll():
            if fd == listener.fileno():
                conn, _ = listener.accept()
                conns[conn.fileno()] = conn
                poll.register(conn, select.EPOLLIN)
            elif not conns[fd].recv(65536):
                poll.unregister(fd)


def open_many(n, count):
    """Returns how many there are, all of them open until this process ends."""
    listener = socket.create_server((f"127.0.1.{n + 1}", 0), backlog=4096)
    threading.Thread(target=read_all, args=(listener,), daemon=True).start()
    head = b"GET /flood HTTP/1.1\r\n" + b"a: b\r\n" * (HEAD // 6) + END
    held = []
    try:
        for _ in range(count):
            c = socket.socket()
            held.append(c)
            c.connect(listener.getsockname())
            c.sendall(head)
    except OSError as e:
        print(e, file=sys.stderr)
        held.pop()
    return held


limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
share = min(COUNT, 20000, limit // 2 - 100)
results, tell = os.pipe()
sys.stdin.readline()
workers = []
for n, first in enumerate(range(0, COUNT, share)):
    pid = os.fork()
    if not pid:
        held = open_many(n, min(share, COUNT - first))
        os.write(tell, f"{len(held)}\n".encode())
        threading.Event().wait()
    workers.append(pid)
with os.fdopen(results) as f:
    print(sum(int(f.readline()) for _ in workers), flush=True)
sys.stdin.readline()
for pid in workers:
    os.kill(pid, 9)
    os.waitpid(pid, 0)
