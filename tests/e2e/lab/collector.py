# SPDX-License-Identifier: GPL-2.0-only
"""The OpenTelemetry Collector: OTLP in; everything on its log in full detail, and in a file."""

from lab.procs import BUILD, free_port, listens, wait_until

BINARY = BUILD / "tools/collector/otelcol"
MISSING = "the Collector is not built (make collector)"
CONFIG = """
receivers: {{otlp: {{protocols: {{grpc: {{endpoint: "127.0.0.1:{grpc}"}}, http: {{endpoint: "127.0.0.1:{http}"}}}}}}}}
exporters: {{debug: {{verbosity: detailed}}, file: {{path: "{file}"}}}}
service:
  pipelines:
    traces: {{receivers: [otlp], exporters: [{exporters}]}}
    metrics: {{receivers: [otlp], exporters: [{exporters}]}}
    logs: {{receivers: [otlp], exporters: [{exporters}]}}
  telemetry: {{metrics: {{level: none}}}}
"""


class Collector:
    def __init__(self, lab, http=None, exporters="debug, file"):
        self.http, self.grpc = http or free_port(), free_port()
        self.file = lab.folder / f"collector.{lab.started}.json"
        config = lab.folder / f"collector.{lab.started}.yaml"
        config.write_text(CONFIG.format(grpc=self.grpc, http=self.http, file=self.file, exporters=exporters))
        self.proc = lab.start("collector", [BINARY, "--config", config])
        wait_until(lambda: listens(self.grpc) and listens(self.http), 30, "Collector")

    def stop(self):
        """Ends it; returns the requests that it has written down."""
        self.proc.stop()
        return self.file.read_text(encoding="utf-8").splitlines()
