# SPDX-License-Identifier: GPL-2.0-only
"""A server and a client that speak HTTP/1.1 byte by byte, over TCP (a port) or a unix socket (a path).

    raw.py serve ADDRESS          raw.py client ADDRESS SCRIPT

The client sends the exchanges that SCRIPT names (a word of SCRIPTS each) on one connection and reads each answer to
its exact end, so that whoever frames them differently is out of step at once.
"""
import os
import socket
import sys
import threading
import time

OK = b"HTTP/1.1 200 OK\r\n"


def address(text):
    if text.isdigit():
        return socket.AF_INET, ("127.0.0.1", int(text))
    return socket.AF_UNIX, text


def chunked(*parts, trailer=b""):
    body = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in parts)
    return OK + b"Transfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n" + trailer + b"\r\n"


def plain(body):
    return OK + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


# What the server answers, by the path without its number.
ANSWERS = {
    "plain": plain(b"hello"),
    "head": OK + b"Content-Length: 5000\r\n\r\n",
    "chunked": chunked(b"a" * 300, b"b" * 5000, b"HTTP/1.1 500 No\r\n\r\n"),
    "trailer": chunked(b"GET / HTTP/1.1\r\n\r\n", trailer=b"X-Sum: 12\r\n"),
    "nothing": b"HTTP/1.1 204 No Content\r\n\r\n",
    "same": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 900\r\n\r\n",
    "early": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + plain(b"late"),
    "upload": plain(b"taken"),
    "expect": plain(b"taken"),
    "long": plain(b"x" * 300000),
    "big-head": OK + b"X-Big: " + b"y" * 60000 + b"\r\nContent-Length: 2\r\n\r\nok",
    "pipelined": plain(b"piped"),
    "split": plain(b"split"),
    "upgrade": b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "until-close": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"z" * 70000,
}
LAST = ("upgrade", "until-close")	# no exchange follows these on their connection


def request(word, number):
    method = {"head": b"HEAD", "upload": b"POST", "expect": b"PUT"}.get(word, b"GET")
    head = b"%s /%s/%d HTTP/1.1\r\nHost: raw\r\n" % (method, word.encode(), number)
    if word == "upload":
        return head + b"Transfer-Encoding: chunked\r\n\r\n" + b"1000\r\n" + b"u" * 4096 + b"\r\n0\r\n\r\n"
    if word == "expect":
        return head + b"Expect: 100-continue\r\nContent-Length: 2000\r\n\r\n"
    if word == "upgrade":
        return head + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    return head + b"\r\n"


class Reader:
    def __init__(self, sock):
        self.sock, self.data = sock, b""

    def more(self):
        part = self.sock.recv(65536)
        self.data += part
        return part

    def until(self, mark):
        while mark not in self.data:
            if not self.more():
                return b""
        head, self.data = self.data.split(mark, 1)
        return head + mark

    def take(self, n):
        while len(self.data) < n:
            if not self.more():
                raise SystemExit(f"the peer hung up, {n - len(self.data)} bytes early")
        part, self.data = self.data[:n], self.data[n:]
        return part


def serve_one(reader, sock):
    head = reader.until(b"\r\n\r\n")
    if not head:
        return None
    word = head.split(b" ")[1].split(b"/")[1].decode()
    if word == "upload":
        while reader.until(b"\r\n") != b"0\r\n":
            pass
        reader.until(b"\r\n")
    if word == "expect":
        sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        reader.take(2000)
    sock.sendall(ANSWERS[word])
    return word


def serve_connection(sock):
    reader = Reader(sock)
    with sock:
        while True:
            word = serve_one(reader, sock)
            if word == "upgrade":
                while part := (reader.data or sock.recv(4096)):
                    reader.data = b""
                    sock.sendall(part)
            if word is None or word in LAST:
                return


def serve(where):
    family, addr = address(where)
    with socket.socket(family) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(addr)
        s.listen(64)
        while True:
            threading.Thread(target=serve_connection, args=(s.accept()[0],), daemon=True).start()


def read_answer(reader, word):
    expected = ANSWERS[word]
    if reader.take(len(expected)) != expected:
        raise SystemExit(f"{word}: not the expected answer")


def exchange(sock, reader, word, number):
    data = request(word, number)
    if word == "split":
        for i in range(len(data)):
            sock.sendall(data[i:i + 1])
    elif word == "pipelined":
        sock.sendall(b"".join(request(word, number + i) for i in range(5)))
        for _ in range(4):
            read_answer(reader, word)
    else:
        sock.sendall(data)
    if word == "expect":
        reader.until(b"\r\n\r\n")
        sock.sendall(b"e" * 2000)
    read_answer(reader, word)
    if word == "upgrade":
        for text in (b"\x81\x05hello", b"GET /not-a-request HTTP/1.1\r\n\r\n"):
            sock.sendall(text)
            reader.take(len(text))


def client(where, script):
    family, addr = address(where)
    # Whoever starts the client attaches to it first and then says go.
    while not os.path.exists(os.environ["GO"]):
        time.sleep(0.02)
    with socket.socket(family) as sock:
        sock.connect(addr)
        reader = Reader(sock)
        for number, word in enumerate(script.split(",")):
            exchange(sock, reader, word, 10 * number)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    client(sys.argv[2], sys.argv[3])
