# SPDX-License-Identifier: GPL-2.0-only
"""The contenders: OpenTelemetry's zero-code SDK of each language, from its registry, traces only."""

import subprocess
import sys
import urllib.request

from lab.procs import BUILD, PYTHON

HOME = BUILD / "tools/contenders"
PYTHON_PACKAGES = ["opentelemetry-distro", "opentelemetry-exporter-otlp-proto-http",
                   "opentelemetry-instrumentation-flask", "opentelemetry-instrumentation-requests", "flask",
                   "requests", "gunicorn"]
NODE_PACKAGES = ["@opentelemetry/api", "@opentelemetry/auto-instrumentations-node"]
JAVA_AGENT = "opentelemetry-javaagent-2.33.1.jar"	# 2.10 knew nothing of com.sun.net.httpserver
JAVA_REGISTRY = "https://repo1.maven.org/maven2/io/opentelemetry/javaagent/opentelemetry-javaagent/2.33.1/"


class Kit:
    def __init__(self, language, sink):
        self.env = {
            "OTEL_SERVICE_NAME": "hello", "OTEL_TRACES_EXPORTER": "otlp", "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{sink}",
        }
        self.dress_language = {"python": self.python, "node": self.node, "java": self.java}[language]

    def dress(self, args, env):
        args, more = self.dress_language([str(a) for a in args])
        return args, {**env, **self.env, **more}

    @staticmethod
    def python(args):
        return [HOME / "python/bin/opentelemetry-instrument", HOME / "python/bin/gunicorn", *args[1:]], {}

    @staticmethod
    def node(args):
        return args, {"NODE_OPTIONS": f"--require {HOME}/node/node_modules/@opentelemetry/auto-instrumentations-node"
                                      "/build/src/register.js"}

    @staticmethod
    def java(args):
        return [args[0], f"-javaagent:{HOME}/{JAVA_AGENT}", *args[1:]], {}


def run(*args, **kwargs):
    print("  fetch   " + " ".join(str(a) for a in args[:4]), file=sys.stderr, flush=True)
    subprocess.run([str(a) for a in args], check=True, stdout=subprocess.DEVNULL, **kwargs)


def fetch(language):
    """Once; what is there stays."""
    HOME.mkdir(parents=True, exist_ok=True)
    if language == "python" and not (HOME / "python/bin/opentelemetry-instrument").exists():
        run(PYTHON, "-m", "venv", HOME / "python")
        run(HOME / "python/bin/pip", "install", "-q", *PYTHON_PACKAGES)
    if language == "node" and not (HOME / "node/node_modules").exists():
        (HOME / "node").mkdir(exist_ok=True)
        run("npm", "install", "--silent", "--prefix", HOME / "node", *NODE_PACKAGES)
    if language == "java" and not (HOME / JAVA_AGENT).exists():
        print("  fetch   " + JAVA_AGENT, file=sys.stderr, flush=True)
        part = HOME / (JAVA_AGENT + ".part")
        urllib.request.urlretrieve(JAVA_REGISTRY + JAVA_AGENT, part)
        part.rename(HOME / JAVA_AGENT)
