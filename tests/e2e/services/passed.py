# SPDX-License-Identifier: GPL-2.0-only
"""A front whose connections are accepted by one process, which hands them to others: SCM_RIGHTS over a unix socket."""
import os
import socket
from itertools import cycle

from stdlib import Front, Server

WORKERS = 2


def serve(channel):
    server = Server(("", 0), Front, bind_and_activate=False)
    while True:
        _, passed, _, _ = socket.recv_fds(channel, 1, 1)
        conn = socket.socket(fileno=passed[0])
        server.process_request(conn, conn.getpeername())


def worker():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        ours.close()
        serve(theirs)
    theirs.close()
    return ours


def main():
    workers = cycle([worker() for _ in range(WORKERS)])
    with socket.create_server(("127.0.0.1", int(os.environ["PORT"])), backlog=256) as listener:
        while True:
            conn, _ = listener.accept()
            with conn:
                socket.send_fds(next(workers), [b"c"], [conn.fileno()])


if __name__ == "__main__":
    main()
