#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""`make demo`: two small services, a trace backend, the tracer on both; Ctrl-C ends it all and leaves nothing behind.

DEMO_ONCE=1 ends by itself after the first traces.  Ports that are taken are replaced by free ones.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = Path(os.environ.get("OUTPUT", ROOT / "build")).resolve()
SERVICES = ROOT / "examples/two-services"
JAEGER_IMAGE = "jaegertracing/jaeger:2.13.0"
REQUESTS = 5


def say(text):
    print(f"\n==> {text}", file=sys.stderr, flush=True)


def free_port(wanted):
    for port in (wanted, 0):
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            return s.getsockname()[1]
    raise SystemExit("demo: there is no free port")


def answers(url):
    try:
        urllib.request.urlopen(url, timeout=2).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


class Stage:
    """What runs; everything is ended in the opposite order of its start."""

    def __init__(self):
        self.procs = []
        self.logs = BUILD / "demo"
        self.logs.mkdir(parents=True, exist_ok=True)

    def start(self, name, args, env=None, **kwargs):
        with open(self.logs / f"{name}.log", "wb") as log:
            kwargs = {"stdout": log, "stderr": log, **kwargs}
            proc = subprocess.Popen([str(a) for a in args], stdin=subprocess.DEVNULL,
                                    env={**os.environ, **(env or {})}, start_new_session=True, **kwargs)
        self.procs.append((name, proc))
        return proc

    def wait(self, name, condition, seconds=90):
        proc = next(p for n, p in self.procs if n == name)
        deadline = time.monotonic() + seconds
        while not condition():
            if proc.poll() is not None or time.monotonic() > deadline:
                log = (self.logs / f"{name}.log").read_text(errors="replace")
                raise SystemExit(f"demo: {name} did not start:\n{log[-2000:]}")
            time.sleep(0.1)

    def close(self):
        for name, proc in reversed(self.procs):
            if proc.poll() is None:
                end(name, proc)


def end(name, proc):
    try:
        if name == "jaeger":		# it would wait for its clients, and has nothing to save
            proc.kill()
        proc.terminate()
        proc.wait(15)
    except subprocess.TimeoutExpired:
        proc.kill()
        proc.wait()
    except PermissionError:		# started through sudo
        subprocess.run(["sudo", "kill", str(proc.pid)], check=False)
        proc.wait(15)


def docker_works():
    return shutil.which("docker") and subprocess.run(
        ["docker", "info"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


def build_jaeger():
    """The path of a Jaeger built from its Go module, or None."""
    binary = BUILD / "tools/jaeger/jaeger"
    if not binary.exists():
        say("building Jaeger, once; this takes some minutes (DEMO_JAEGER=0 does without)")
        subprocess.run([ROOT / "tests/tools/jaeger/build.sh", BUILD / "tools"], check=False)
    return binary if binary.exists() else None


def start_jaeger(stage):
    """Returns (OTLP endpoint, query URL), or None where no Jaeger can be had."""
    if os.environ.get("DEMO_JAEGER") == "0":
        return None
    otlp, query = free_port(4318), free_port(16686)
    if not (BUILD / "tools/jaeger/jaeger").exists() and docker_works():
        stage.start("jaeger", ["docker", "run", "--rm", "-p", f"127.0.0.1:{otlp}:4318",
                               "-p", f"127.0.0.1:{query}:16686", JAEGER_IMAGE])
    else:
        binary = build_jaeger()
        if not binary:
            return None
        ports = {"OTLP": otlp, "QUERY": query, "OTLP_GRPC": free_port(4317), "QUERY_GRPC": free_port(16685),
                 "HEALTH": free_port(13133)}
        stage.start("jaeger", [binary, "--config", ROOT / "tests/tools/jaeger/config.yaml"],
                    {f"JAEGER_{k}_PORT": str(v) for k, v in ports.items()})
    url = f"http://127.0.0.1:{query}"
    stage.wait("jaeger", lambda: answers(f"{url}/api/services"), 180)
    return f"http://127.0.0.1:{otlp}", url


def start_services(stage):
    a, b = free_port(5000), free_port(5001)
    python = shutil.which("python3", path="/usr/bin") or sys.executable
    pb = stage.start("service-b", [python, SERVICES / "service-b.py"], {"PORT": str(b), "FAIL": "0.2"})
    pa = stage.start("service-a", [python, SERVICES / "service-a.py"],
                     {"PORT": str(a), "BACKEND": f"http://127.0.0.1:{b}"})
    stage.wait("service-b", lambda: answers(f"http://127.0.0.1:{b}/"))
    stage.wait("service-a", lambda: answers(f"http://127.0.0.1:{a}/"))
    return f"http://127.0.0.1:{a}/", pa, pb


def start_tracer(stage, pids, jaeger):
    args = [BUILD / "ebpf-tracer", "--exporter", "console,otlp" if jaeger else "console"]
    for pid in pids:
        args += ["--pid", pid]
    if jaeger:
        args += ["--endpoint", jaeger[0]]
    if os.geteuid() != 0:
        args = ["sudo", *args]
    say(" ".join(str(a) for a in args))
    log = stage.logs / "tracer.log"
    with open(log, "wb") as err:
        proc = stage.start("tracer", args, stdout=None, stderr=err)
    stage.wait("tracer", lambda: "ready" in log.read_text(errors="replace"))
    sys.stderr.write(log.read_text(errors="replace"))
    return proc


def send(url):
    try:
        urllib.request.urlopen(url, timeout=20).read()
    except urllib.error.HTTPError as e:
        e.read()


def trace_ids(query):
    try:
        with urllib.request.urlopen(f"{query}/api/traces?service=service-a&limit=100", timeout=5) as r:
            return [t["traceID"] for t in json.load(r)["data"] or [] if len(t["spans"]) == 3]
    except OSError:
        return []


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    stage = Stage()
    try:
        jaeger = start_jaeger(stage)
        if not jaeger:
            say("no Jaeger: neither Docker nor a recent Go is here, nor could one be installed; console only")
        url, pa, pb = start_services(stage)
        start_tracer(stage, [pa.pid, pb.pid], jaeger)
        say(f"{REQUESTS} requests to {url}")
        for _ in range(REQUESTS):
            send(url)
        time.sleep(1)			# for the person: the last trace is printed before the text below
        if jaeger:
            deadline = time.monotonic() + 20
            while len(trace_ids(jaeger[1])) < REQUESTS and time.monotonic() < deadline:
                time.sleep(0.2)
            ids = trace_ids(jaeger[1])
            say(f"{len(ids)} linked traces in Jaeger: {jaeger[1]}  (as data: {jaeger[1]}/api/traces/{ids[0]})"
                if ids else "Jaeger has no linked trace")
            if not ids:
                return 1
        if os.environ.get("DEMO_ONCE") != "1":
            say(f"try it: curl {url}    Ctrl-C ends the demo")
            signal.pause()
        return 0
    except KeyboardInterrupt:
        return 0
    finally:
        stage.close()


if __name__ == "__main__":
    sys.exit(main())
