# SPDX-License-Identifier: GPL-2.0-only
"""Services with and without OpenTelemetry's own zero-code SDKs for Python and for Node."""

import signal

from lab.procs import BUILD, PYTHON, SERVICES, free_port

VENV = BUILD / "tools/otelpy"
READY = VENV / "ready"
MISSING = "OpenTelemetry's Python SDK is not installed (make otelpy)"


NODE_KIT = BUILD / "tools/otelnode"
NODE_MISSING = "OpenTelemetry's Node SDK is not installed (make otelnode)"


def plain(lab, name, hand_on="", runtime="python"):
    """(port, process) of services/chain.py or chain.js as it is."""
    port = free_port()
    command = {"python": [PYTHON, SERVICES / "chain.py"], "node": ["node", SERVICES / "chain.js"]}[runtime]
    return port, lab.serve(name, command, port, {"PORT": str(port), "HAND_ON": hand_on, "OTEL_SERVICE_NAME": name})


def instrumented(lab, name, endpoint, runtime="python", **env):
    """The same under opentelemetry-instrument or Node's counterpart, which sends its spans to the endpoint."""
    port = free_port()
    env = {
        "PORT": str(port), "OTEL_SERVICE_NAME": name, "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none",
        "OTEL_BSP_SCHEDULE_DELAY": "200", **env,
    }
    command = {
        "python": [VENV / "bin/opentelemetry-instrument", VENV / "bin/python", SERVICES / "chain.py"],
        "node": ["node", "--require", NODE_KIT / "node_modules/@opentelemetry/auto-instrumentations-node/build/src"
                                                 "/register.js", SERVICES / "chain.js"],
    }[runtime]
    proc = lab.serve(name, command, port, env)
    proc.farewell = signal.SIGKILL	# Node's would wait for a backend that is gone
    return port, proc


def in_code(lab, name, reports, endpoint):
    """The same with the SDK in its code (services/own_sdk.py); reports: grpc, http."""
    port = free_port()
    env = {"PORT": str(port), "OTEL_SERVICE_NAME": name, "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "REPORTS": reports}
    return port, lab.serve(name, [VENV / "bin/python", SERVICES / "own_sdk.py"], port, env)
