# SPDX-License-Identifier: GPL-2.0-only
"""What the link tests measure: a row for each shape of service.

The front of a case answers /work/ID. For each request it makes `calls` calls of /data/TOKEN to the backend, each with a
token drawn at random, and appends "ID TOKEN" to the file TRUTH: nothing on the wire tells which request a call is for. "-" for an ID: for none.
A proxy instead passes /data/TOKEN on as it came. A front is started with PORT, BACKEND (a URL), TRUTH, HOW and `env`.
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field

from lab import built, golang, java, mono, proxies, rust
from lab.procs import BUILD, PYTHON, SERVICES

PYWEB = BUILD / "tools/pyweb/bin/python"  # by make pyweb


@dataclass(frozen=True)
class Case:
    name: str
    front: Callable  # (case, lab, env) -> the command
    needs: Callable = lambda: None  # -> what is missing, or None
    how: str = ""
    calls: int = 1  # for each request; 0: that varies
    env: dict = field(default_factory=dict)
    proxy: bool = False
    gateway: bool = False  # a request is passed on, as it came, to whom makes the calls: that counts as a call, too
    least: float = 0.999  # of the calls are rightly linked
    quick: bool = False  # part of make test
    at: int = 0  # requests at once; 0: as many as are asked for
    warm_up: int = 3  # calls that may stay unlinked until the process has shown how it works


def program(name):
    return lambda: None if shutil.which(name) else f"no {name}"


def modules(*names):
    """Debian's Python has them."""
    def missing():
        done = subprocess.run([PYTHON, "-c", "import " + ", ".join(names)], capture_output=True, text=True, check=False)
        return done.stderr.strip().splitlines()[-1] if done.returncode else None
    return missing


def python(script):
    return lambda case, lab, env: [PYTHON, SERVICES / script, "front"]


def pyweb(script):
    return lambda case, lab, env: [PYWEB, SERVICES / script, "front"]


def missing_pyweb():
    return None if PYWEB.with_name("uvicorn").exists() else "no Python with a new uvloop and Tornado (make pyweb)"


def gunicorn(case, lab, env):
    return ["/usr/bin/gunicorn", "--bind", f"127.0.0.1:{env['PORT']}", "--workers", "2", "--threads", "16",
            "--worker-class", "gthread", "--chdir", SERVICES, "front_flask:app"]


def gunicorn_sync(case, lab, env):
    return ["/usr/bin/gunicorn", "--bind", f"127.0.0.1:{env['PORT']}", "--workers", "16", *case.how.split(),
            "--chdir", SERVICES, "front_flask:app"]


def puma(case, lab, env):
    return ["puma", "--silent", "--threads", "16:16", "--bind", f"tcp://127.0.0.1:{env['PORT']}", SERVICES / "front.ru"]


def php(case, lab, env):
    return ["php", "-S", f"127.0.0.1:{env['PORT']}", SERVICES / "front.php"]


def go(case, lab, env):
    return [golang.service(), "front"]


def node(case, lab, env):
    return [os.environ.get("NODE", "node"), SERVICES / "node.js", "front"]


def jdk(case, lab, env):
    return [*java.service(), "front"]


def jdk21(case, lab, env):
    return [*java.service(java.FETCHED), "front"]


def netty(case, lab, env):
    return java.netty()


def dotnet(case, lab, env):
    return mono.service()


def native(case, lab, env):
    return [built.cpp_program("native")]


def tokio(case, lab, env):
    return [rust.service()]


def epoll(case, lab, env):
    return [built.c_program("proxy")]


def rows(prefix, front, needs, shapes, **common):
    """Cases that differ in HOW: {how: what else they differ in}"""
    return [Case(f"{prefix}-{how}", front, needs, how=how, **{**common, **more}) for how, more in shapes.items()]


CASES = [
    Case("flask", python("front_flask.py"), modules("flask"), quick=True),
    Case("gunicorn", gunicorn, program("gunicorn"), env={"SESSION": "1"}),
    Case("gunicorn-sync", gunicorn_sync, program("gunicorn")),
    Case("gunicorn-reuseport", gunicorn_sync, program("gunicorn"), how="--reuse-port"),
    *rows("threads", python("stdlib.py"), lambda: None, {
        "direct": {}, "pool": {"quick": True, "least": 0.99}, "spawn": {"quick": True},
    }),
    Case("threads-timer", python("stdlib.py"), how="timer"),
    Case("threads-later", python("stdlib.py"), how="later", least=0),
    *rows("passed", python("passed.py"), lambda: None, {"direct": {"quick": True}, "pool": {"least": 0.99}}),
    Case("puma", puma, program("puma")),
    *rows("cpp", native, program("g++"), {
        "one": {"quick": True}, "all": {}, "shared": {"least": 0}, "inherited": {}, "reuseport": {}, "child": {},
    }, env={"WORKERS": "16"}),
    *rows("cpp", native, program("g++"), {
        "writes": {"warm_up": 16}, "stages": {"least": 0.49, "quick": True},
    }, calls=2, env={"WORKERS": "16", "CALLS": "2"}),
    *rows("cpp-plenty", native, program("g++"), {"one": {}, "all": {}, "shared": {"least": 0}}, env={"WORKERS": "64"}),
    Case("php", php, program("php"), env={"PHP_CLI_SERVER_WORKERS": "16"}),
    *rows("php-fpm", proxies.nginx_fpm, proxies.missing_fpm, {
        "unix": {"quick": True}, "tcp": {}, "keep": {},
    }, gateway=True, calls=2, warm_up=8),
    *rows("aiohttp", python("aio.py"), modules("aiohttp"), {
        "direct": {"quick": True}, "sequence": {"calls": 3}, "gather": {"calls": 3, "quick": True}, "group": {"calls": 3},
        "task": {}, "thread": {}, "executor": {"quick": True},
        "one-by-one": {"calls": 3, "least": 0.4, "quick": True}, "crossed": {"calls": 3, "least": 0.5},
        "completed": {"calls": 3, "least": 0.3}, "first": {"calls": 3},
        "shield": {"calls": 2, "least": 0.5}, "workers": {"calls": 3, "least": 0.3}, "slept": {"calls": 3}, "forgotten": {"least": 0},
    }),
    *rows("aiohttp-uvloop", python("aio.py"), modules("aiohttp", "uvloop"), {
        "direct": {"least": 0}, "gather": {"calls": 3, "least": 0},
    }, env={"UVLOOP": "1"}),
    *rows("fastapi", python("asgi.py"), modules("fastapi", "uvicorn", "httpx"), {
        "direct": {}, "sync": {}, "gather": {"calls": 3}, "stream": {"calls": 3, "quick": True},
        "one-by-one": {"calls": 3, "least": 0},
    }),
    Case("fastapi-uvloop-direct", python("asgi.py"), modules("fastapi", "uvicorn", "httpx", "uvloop"), how="direct",
         env={"UVLOOP": "1"}, least=0),
    *rows("uvloop", pyweb("aio.py"), missing_pyweb, {
        "direct": {}, "gather": {"calls": 3, "quick": True}, "thread": {},
    }, env={"UVLOOP": "1"}),
    *rows("uvloop-fastapi", pyweb("asgi.py"), missing_pyweb, {
        "direct": {}, "sync": {}, "gather": {"calls": 3},
    }, env={"UVLOOP": "1"}),
    *rows("tornado", pyweb("front_tornado.py"), missing_pyweb, {"direct": {"quick": True}, "gather": {"calls": 3}}),
    *rows("trio", python("front_trio.py"), modules("trio", "hypercorn", "httpx"), {
        "sequence": {"calls": 2}, "nursery": {"calls": 3, "quick": True},
    }),
    Case("gevent", python("green.py"), modules("gevent")),
    *rows("go", go, lambda: None if golang.go() else "no Go", {
        "direct": {"quick": True}, "spawn": {"calls": 2}, "pool": {}, "lazy": {"quick": True}, "busy": {"least": 0.9, "quick": True}, "raw": {}, "rawpool": {},
    }, env={"MAX_CONNS": "8"}),
    *rows("node", node, program("node"), {
        "callback": {}, "callback-queue": {"quick": True}, "cluster-callback-queue": {}, "worker-callback-queue": {},
        "await": {"calls": 2}, "await-queue": {"calls": 2}, "all": {"calls": 3, "quick": True}, "all-queue": {"calls": 3},
        "fetch": {"calls": 2}, "fetchall": {"calls": 2}, "fresh": {}, "name": {}, "timer": {}, "timercallback": {},
        "immediate": {}, "immediatecallback": {}, "between": {"calls": 2}, "file": {}, "filecallback": {}, "fileafter": {},
        "limit": {}, "lonely": {"least": 0},
    }, least=0.99),
    *rows("java", jdk, java.missing, {
        "direct": {}, "pool": {"quick": True}, "job": {"least": 0.93}, "batch": {"least": 0.93}, "future": {"least": 0.93},
        "allof": {"least": 0.93}, "chain": {"least": 0.9},
        "client": {"least": 0.8, "quick": True}, "async": {"least": 0.48},
    }, calls=2, env={"CALLS": "2"}),
    *rows("java", jdk21, java.missing21, {
        "virtual": {"quick": True}, "vclient": {"least": 0}, "vspawn": {"least": 0.9},
    }, calls=2, env={"CALLS": "2"}),
    *rows("netty", netty, java.missing_netty, {
        "loop": {}, "other": {"least": 0}, "executor": {"least": 0},
    }, calls=2, env={"CALLS": "2"}),
    *rows("mono", dotnet, mono.missing, {
        "listener": {}, "socket": {}, "waits": {},
    }, calls=2, env={"CALLS": "2"}, least=0),
    *rows("tokio", tokio, rust.missing, {
        "direct": {"quick": True}, "sequence": {"calls": 3}, "join": {"calls": 3}, "spawn": {"calls": 2, "least": 0.4},
        "swapped": {"calls": 2, "least": 0.4}, "listed": {"calls": 3, "least": 0.4}, "early": {"calls": 2, "least": 0.4},
        "joinall": {"calls": 3}, "joinset": {"calls": 2, "warm_up": 16}, "gathered": {"calls": 3, "warm_up": 16},
        "unordered": {"calls": 3, "warm_up": 16}, "inline": {"calls": 3, "warm_up": 16}, "worker": {"warm_up": 16},
        "limit": {}, "raw": {}, "rawworker": {"warm_up": 16}, "blocking": {}, "later": {"least": 0},
    }),
    Case("tokio-current", tokio, rust.missing, how="join", calls=3, env={"FLAVOR": "current"}),
    *rows("loop", python("loop.py"), lambda: None, {
        "direct": {}, "both": {"calls": 2}, "chain": {"calls": 2}, "mirror": {"calls": 2}, "hedge": {"calls": 0},
        "retry": {"calls": 0}, "early": {}, "later": {}, "wait": {}, "timer": {"calls": 0, "least": 0.9, "quick": True},
        "idle": {"calls": 0}, "ping": {"calls": 0}, "cache": {"calls": 0},
    }, least=0),
    *rows("loop-alone", python("loop.py"), lambda: None, {
        "direct": {}, "wait": {}, "timer": {"calls": 0, "quick": True}, "idle": {"calls": 0}, "ping": {"calls": 0},
    }, at=1, least=0),
    *rows("loop-few", python("loop.py"), lambda: None, {
        "direct": {}, "chain": {"calls": 2}, "wait": {},
    }, env={"CONNS": "4"}, least=0),
    Case("nginx", proxies.nginx, program("nginx"), proxy=True, quick=True, warm_up=8),
    Case("haproxy", proxies.haproxy, program("haproxy"), proxy=True, least=0.9),
    Case("caddy", proxies.caddy, program("caddy"), proxy=True, least=0.99),
    *rows("epoll", epoll, program("gcc"), {
        "plenty": {"env": {"CONNS": "64"}, "quick": True}, "few": {"env": {"CONNS": "4"}, "quick": True},
    }, proxy=True, warm_up=8),
]
