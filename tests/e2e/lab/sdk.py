# SPDX-License-Identifier: GPL-2.0-only
"""Services with and without OpenTelemetry's own zero-code SDK for Python."""

from lab.procs import BUILD, PYTHON, SERVICES, free_port

VENV = BUILD / "tools/otelpy"
READY = VENV / "ready"
MISSING = "OpenTelemetry's Python SDK is not installed (make otelpy)"


def plain(lab, name, hand_on=""):
    """(port, process) of services/chain.py as it is."""
    port = free_port()
    return port, lab.serve(name, [PYTHON, SERVICES / "chain.py"], port,
                           {"PORT": str(port), "HAND_ON": hand_on, "OTEL_SERVICE_NAME": name})


def instrumented(lab, name, endpoint, protocol="http/protobuf", **env):
    """The same under opentelemetry-instrument, which sends its spans to the endpoint."""
    port = free_port()
    env = {
        "PORT": str(port), "OTEL_SERVICE_NAME": name, "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol, "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none",
        "OTEL_BSP_SCHEDULE_DELAY": "200", **env,
    }
    command = [VENV / "bin/opentelemetry-instrument", VENV / "bin/python", SERVICES / "chain.py"]
    return port, lab.serve(name, command, port, env)


def in_code(lab, name, reports, endpoint):
    """The same with the SDK in its code (services/own_sdk.py); reports: grpc, http."""
    port = free_port()
    env = {"PORT": str(port), "OTEL_SERVICE_NAME": name, "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "REPORTS": reports}
    return port, lab.serve(name, [VENV / "bin/python", SERVICES / "own_sdk.py"], port, env)
