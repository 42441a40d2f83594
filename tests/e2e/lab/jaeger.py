# SPDX-License-Identifier: GPL-2.0-only
"""A real Jaeger on free ports, and its HTTP API."""

import json
import signal
import urllib.error
import urllib.parse
import urllib.request

from lab.procs import BUILD, ROOT, free_port, wait_until

BINARY = BUILD / "tools/jaeger/jaeger"
CONFIG = ROOT / "tests/tools/jaeger/config.yaml"


ON_DISK = """
extensions:
  jaeger_query: {{storage: {{traces: disk}}}}
  jaeger_storage: {{backends: {{disk: {{badger: {{ephemeral: false, directories: {{keys: "{0}/keys", values: "{0}/values"}}}}}}}}}}
exporters:
  jaeger_storage_exporter: {{trace_storage: disk}}
"""


class Jaeger:
    """disk: a folder in which what it has accepted outlives it; without one it is in memory."""

    def __init__(self, lab, otlp_port=None, disk=None):
        self.query = free_port()
        self.health = free_port()
        self.otlp = otlp_port or free_port()
        self.otlp_grpc = free_port()
        env = {
            "JAEGER_QUERY_PORT": str(self.query),
            "JAEGER_QUERY_GRPC_PORT": str(free_port()),
            "JAEGER_HEALTH_PORT": str(self.health),
            "JAEGER_OTLP_PORT": str(self.otlp),
            "JAEGER_OTLP_GRPC_PORT": str(self.otlp_grpc),
        }
        configs = [CONFIG]
        if disk:
            configs.append(lab.folder / "jaeger.yaml")
            configs[1].write_text(ON_DISK.format(disk))
        self.proc = lab.start("jaeger", [BINARY, *(x for c in configs for x in ("--config", c))], env)
        self.proc.farewell = signal.SIGKILL	# it would wait for its clients, and has nothing to save
        wait_until(self.healthy, 90, "healthy Jaeger")

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.otlp}"

    def healthy(self):
        assert self.proc.running(), "Jaeger ended:\n" + self.proc.errors()[-2000:]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health}/status", timeout=2) as r:
                return r.status == 200
        except OSError:
            return False

    def get(self, path, **query):
        url = f"http://127.0.0.1:{self.query}{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=20) as r:
                return json.load(r)
        except urllib.error.HTTPError as e:
            if e.code == 404:
                return {"data": None}
            raise

    def services(self):
        return sorted(self.get("/api/services")["data"] or [])

    def traces(self, service, limit=200):
        return self.get("/api/traces", service=service, limit=limit)["data"] or []


def tags_of(span):
    return {t["key"]: t["value"] for t in span["tags"]}


def service_of(trace, span):
    return trace["processes"][span["processID"]]["serviceName"]


def parent_of(span):
    return next((r["spanID"] for r in span["references"] if r["refType"] == "CHILD_OF"), None)
