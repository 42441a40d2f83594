# SPDX-License-Identifier: GPL-2.0-only
"""What the world around the tracer may do: backends that misbehave, disks that fill, readers that dawdle, tables."""

import json
import os
import socket
import subprocess
import threading
import time

import pytest
from lab.bpf import BPFTOOL
from lab.procs import TRACER, wait_until
from victim import Victim, assert_closed, bpf_ids, counted, trace


class Backend:
    """Accepts connections and does with each what `play(conn)` does."""

    def __init__(self, play):
        self.play = play
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                conn, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(conn,), daemon=True).start()

    def serve(self, conn):
        try:
            self.play(conn)
        except OSError:
            pass


def hang(conn):
    conn.recv(65536)
    time.sleep(60)


def shut(conn):
    conn.close()


def cut(conn):
    conn.recv(65536)
    conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    conn.close()


def babble(conn):
    conn.recv(65536)
    conn.send(os.urandom(100000))
    conn.close()


def drip(conn):
    conn.recv(65536)
    for byte in b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\nX: " + b"y" * 10000:
        conn.send(bytes([byte]))
        time.sleep(0.1)


def flood(conn):
    conn.recv(65536)
    conn.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\n\r\n")
    while True:
        conn.send(b"\0" * 65536)


@pytest.mark.short
@pytest.mark.parametrize("play", [hang, shut, cut, babble, drip, flood], ids=lambda f: f.__name__)
def test_backend_misbehaves(lab, play):
    """The service does not notice, the tracer ends in time, and every span is accounted for."""
    backend = Backend(play)
    v = Victim(lab)
    tracer = trace(v, "--endpoint", f"http://127.0.0.1:{backend.port}", exporter="otlp",
                   env={"OTEL_EXPORTER_OTLP_TIMEOUT": "1500"})
    with v.under_load(concurrency=2):
        time.sleep(1)
    started = time.monotonic()
    assert tracer.proc.stop(timeout=15) == 0
    assert time.monotonic() - started < 6
    assert_closed(tracer)
    spans = counted(tracer, "spans:")
    ends = [counted(tracer, what) for what in ("sent", "rejected", "failed", "dropped because the queue was full")]
    assert spans > 10 and sum(ends) == spans, tracer.proc.errors()


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], check=False).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.short
def test_disk_is_full_while_recording(lab, small_disk):
    """Said once; tracing goes on; what was written replays up to where it ends."""
    recording = small_disk / "run.rec"
    v = Victim(lab)
    tracer = trace(v, "--record", recording)
    with v.under_load():
        wait_until(lambda: "cannot write more" in tracer.proc.errors(), 20, "word on the full disk")
    v.get("/after")
    wait_until(lambda: any(s.path == "/after" for s in tracer.spans()), 20, "span")
    tracer.stop()
    assert tracer.proc.errors().count("cannot write more") == 1
    assert_closed(tracer)
    done = subprocess.run([TRACER, "--replay", recording, "--exporter", "json"], capture_output=True, text=True,
                          timeout=60, check=False)
    cut = "truncated at byte" in done.stderr	# unless the disk was full at the very end of a record
    assert done.returncode == (1 if cut else 0), done.stderr
    assert '"/load"' in done.stdout


@pytest.mark.short
def test_disk_is_full_and_has_room_again(lab, small_disk):
    """The file of spans holds whole lines only; the rest is counted as failed."""
    out, ballast = small_disk / "spans.json", small_disk / "ballast"
    ballast.write_bytes(b"x" * 40000)
    v = Victim(lab)
    tracer = trace(v, exporter=f"json:{out}")
    with v.under_load():
        wait_until(lambda: "No space left" in tracer.proc.errors(), 20, "word on the full disk")
        ballast.unlink()
        wait_until(lambda: "written again" in tracer.proc.errors(), 20, "word that it works again")
    tracer.stop()
    spans = sum(len(s["spans"]) for line in out.read_text().splitlines()
                for r in json.loads(line)["resourceSpans"] for s in r["scopeSpans"])
    failed = counted(tracer, "failed")
    assert failed and spans == counted(tracer, "sent") == counted(tracer, "spans:") - failed
    assert_closed(tracer)


@pytest.mark.short
def test_reader_of_a_pipe_dawdles(lab):
    """Few bytes at a time, with pauses: every line arrives whole."""
    pipe, chunks = lab.folder / "pipe", []
    os.mkfifo(pipe)

    def read():
        with open(pipe, "rb", buffering=0) as f:
            while chunk := f.read(997):
                chunks.append(chunk)
                time.sleep(0.001)
    reader = threading.Thread(target=read)
    reader.start()
    v = Victim(lab)
    tracer = trace(v, exporter=f"json:{pipe}")
    with v.under_load():
        time.sleep(1)
    tracer.stop()
    reader.join(20)
    lines = b"".join(chunks).splitlines()
    spans = sum(len(s["spans"]) for line in lines for r in json.loads(line)["resourceSpans"] for s in r["scopeSpans"])
    assert spans == counted(tracer, "sent") > 10
    assert_closed(tracer)


@pytest.mark.short
def test_table_of_processes_is_full(lab):
    """A child for which there is no row is not traced, and counted; all others are."""
    v = Victim(lab)
    tracer = trace(v)
    procs = next(n for kind, n in bpf_ids(tracer.pid) if kind == "map" and map_name(n) == "procs")
    fill(lab, procs)
    v.get("/forks/3")
    v.get("/after")
    tracer.wait_spans(2)
    tracer.stop()
    assert counted(tracer, "processes not traced") == 3
    assert_closed(tracer)


def map_name(number):
    out = subprocess.run([BPFTOOL, "-j", "map", "show", "id", str(number)], check=True, capture_output=True).stdout
    return json.loads(out)["name"]


def fill(lab, procs):
    """Rows of processes that cannot be, until no more go in."""
    value = json.loads(subprocess.run([BPFTOOL, "-j", "map", "show", "id", str(procs)], check=True,
                                      capture_output=True).stdout)
    zeros = " ".join(["0"] * value["bytes_value"])
    batch = lab.folder / "fill"
    batch.write_text("".join(
        f"map update id {procs} key hex {' '.join(f'{b:02x}' for b in (0x40000000 + n).to_bytes(4, 'little'))} "
        f"value {zeros}\n" for n in range(value["max_entries"])))
    subprocess.run([BPFTOOL, "batch", "file", batch], check=False, capture_output=True)
