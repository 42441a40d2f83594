# SPDX-License-Identifier: GPL-2.0-only
"""The workloads, one row each: what serves, what asks, what one unit of it is."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab import golang, rust
from lab.procs import BUILD, PYTHON, free_port
from lab.procs import SERVICES as FRONTS

from price import loads
from price.cpu import LOAD_CPU, SERVER_CPU, pinned

SERVICES = Path(__file__).resolve().parents[1] / "services"
OUT = BUILD / "tests/bench"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin")

NGINX_CONF = """
daemon off; worker_processes 1; pid {folder}/nginx.{port}.pid; error_log stderr warn; worker_rlimit_nofile 60000; {user}
events {{ worker_connections 50000; }}
http {{
    access_log off; keepalive_requests 1000000000; keepalive_timeout 600s; sendfile off;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    upstream back {{ server 127.0.0.1:{back}; keepalive 64; keepalive_requests 1000000000; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{ {serve} }}
        location /files/ {{ alias {folder}/; }}
    }}
}}
"""
HELLO = 'return 200 "hello\\n";'
PROXY = 'proxy_pass http://back; proxy_http_version 1.1; proxy_set_header Connection "";'


@dataclass
class Served:
    port: int
    roots: list		# processes whose families are measured
    traced: list = None	# and traced, unless these are


@dataclass
class Workload:
    name: str
    what: str
    serve: object	# (lab, kit) -> Served
    load: object	# (port, seconds) -> units
    needs: str		# the program without which the workload is left out
    requests: float = 1	# exchanges that the tracer should see per unit, on all sides; 0: none
    traced: bool = True
    latency: bool = False
    language: str = ""	# which kits of it exist
    seconds: int = 1
    calls: int = 2	# socket calls of the served process per unit


def start(lab, name, args, port, env=None, kit=None, cpu=SERVER_CPU):
    """kit: what a contender adds, see price/kits.py"""
    args, env = list(args), {"PORT": str(port), **(env or {})}
    if kit:
        args, env = kit.dress(args, env)
    proc = lab.serve(name, pinned(cpu, args), port, env, cwd=SERVICES)
    return Served(port, [proc.pid])


def nginx(lab, serve=HELLO, back=9, cpu=SERVER_CPU):
    port = free_port()
    conf = lab.folder / f"nginx.{port}.conf"
    conf.write_text(NGINX_CONF.format(folder=lab.folder, port=port, back=back, serve=serve,
                                      user="user root;" if os.getuid() == 0 else ""))
    return start(lab, "nginx", [NGINX, "-c", conf, "-p", lab.folder, "-e", "stderr"], port, cpu=cpu)


def backend(lab):
    """Takes what is sent to it and says yes, for less than the counting sink would cost the load's CPU."""
    return nginx(lab, "client_max_body_size 0; " + HELLO, cpu=LOAD_CPU).port


def serve_nginx(lab, _kit=None):
    return nginx(lab)


def serve_proxy(lab, _kit=None):
    back = nginx(lab)
    front = nginx(lab, PROXY, back.port)
    return Served(front.port, front.roots)


def serve_file(size):
    def serve(lab, _kit=None):
        with open(lab.folder / "body", "wb") as f:
            f.truncate(size)
        return nginx(lab)
    return serve


def serve_redis(lab, _kit=None):
    port = free_port()
    return start(lab, "redis", ["redis-server", "--port", port, "--save", "", "--bind", "127.0.0.1"], port)


def serve_crowd(lab, _kit=None):
    port = free_port()
    lab.serve("crowd", pinned(SERVER_CPU, [OUT / "crowd", port, 199]), port)
    _, crowd, traced = loads.crowd_says(port)
    return Served(port, [crowd], [traced])


def flask(lab, kit=None, backend=None):
    port = free_port()
    args = ["/usr/bin/gunicorn", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--threads", 8,
            "--keep-alive", 600, "hello:app"]
    return start(lab, "flask", args, port, {"BACKEND": backend or ""}, kit)


def serve_flask(lab, kit=None):
    return flask(lab, kit)


def serve_two(lab, kit=None):
    back = flask(lab, kit)
    front = flask(lab, kit, f"http://127.0.0.1:{back.port}/")
    return Served(front.port, front.roots + back.roots)


def serve_node(lab, kit=None):
    return start(lab, "node", ["node", "hello.js"], free_port(), None, kit)


def serve_go(lab, _kit=None):
    program = OUT / "hello-go"
    subprocess.run([golang.go(), "build", "-o", program, "."], cwd=SERVICES / "go", check=True,
                   env={**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": ""})
    return start(lab, "go", [program], free_port(), {"GOMAXPROCS": "1"})


def serve_java(lab, kit=None):
    subprocess.run(["javac", "-d", OUT, "Hello.java"], cwd=SERVICES, check=True)
    served = start(lab, "java", ["java", "-Xmx256m", "-Dsun.net.httpserver.nodelay=true", "-cp", OUT, "Hello"], free_port(), None, kit)
    loads.wrk(served.port, 8)	# the compiler has done its work
    return served


BODY = "/files/body"
ALL = [
    Workload("nginx", "nginx `return 200`", serve_nginx, loads.wrk, "nginx", latency=True),
    Workload("proxy", "nginx as a proxy", serve_proxy, loads.wrk, "nginx", requests=2),
    Workload("short", "nginx, a connection per request", serve_nginx, loads.each(loads.wrk, close=True), "nginx"),
    Workload("redis", "redis GET", serve_redis, loads.redis, "redis-server", requests=0),
    Workload("flask", "Flask, gunicorn gthread", serve_flask, loads.each(loads.wrk, connections=8), "gunicorn",
             latency=True, language="python"),
    Workload("two", "Flask → Flask", serve_two, loads.each(loads.wrk, connections=8), "gunicorn", requests=3,
             language="python"),
    Workload("node", "Node http", serve_node, loads.wrk, "node", latency=True, language="node"),
    Workload("go", "Go net/http", serve_go, loads.wrk, "go", latency=True),
    Workload("java", "Java HttpServer, 8 threads", serve_java, loads.wrk, "javac", latency=True, language="java"),
    Workload("1MB", "nginx, bodies of 1 MB", serve_file(1 << 20), loads.each(loads.wrk, path=BODY), "nginx"),
    Workload("100MB", "nginx, bodies of 100 MB", serve_file(100 << 20),
             loads.each(loads.wrk, path=BODY, connections=2), "nginx", seconds=2),
    Workload("idle", "nginx, 10,000 connections, 1 % of them busy", serve_nginx,
             loads.each(loads.paced_count, rate=20000, busy=100, idle=9900), "nginx", seconds=4),
    Workload("other", "redis GET, not traced", serve_redis, loads.redis, "redis-server", requests=0, traced=False),
    Workload("crowd", "199 processes, a send and a receive each, beside one that is traced", serve_crowd, loads.crowd, "sh",
             requests=0),
]


def serve_front(command, how):
    """A front of the link tests, whose requests call a backend as `how` says, or not at all."""
    def serve(lab, _kit=None):
        back = nginx(lab, cpu=LOAD_CPU)
        return start(lab, "front", command(), free_port(), {"BACKEND": f"http://127.0.0.1:{back.port}", "HOW": how})
    return serve


def aiohttp():
    return [PYTHON, FRONTS / "aio.py"]


def tokio():
    return [rust.service()]


def node():
    return ["node", FRONTS / "node.js", "front"]


def go():
    return [golang.service(), "front"]


def front(name, what, command, how, needs, calls):
    return Workload(name, what, serve_front(command, how), loads.each(loads.wrk, path="/work/1"), needs, calls=calls)


# What tests/bench/readers measures beside: runtimes that have no workload of their own, and calls made in them.
FRONT = [
    front("aiohttp", "aiohttp", aiohttp, "none", "python3", 2),
    front("aiohttp-direct", "aiohttp, a call by the task that serves", aiohttp, "direct", "python3", 4),
    front("aiohttp-gather", "aiohttp, three calls by tasks of their own", aiohttp, "gather", "python3", 8),
    front("tokio", "axum", tokio, "none", "cargo", 2),
    front("tokio-direct", "axum, a call by reqwest", tokio, "direct", "cargo", 4),
    front("node-callback", "Node http, a call", node, "callback", "node", 4),
    front("go-direct", "Go net/http, a call", go, "direct", "go", 4),
]


def available(workload):
    if workload.needs == "go":
        return golang.go()
    return shutil.which(workload.needs, path=os.environ["PATH"] + ":/usr/sbin")
