# SPDX-License-Identifier: GPL-2.0-only
"""Usage: run.sh logs TRACE|REQUEST    the lines that the services logged for a trace; the trace of a line of a log

TRACE is the id of a trace in Jaeger, REQUEST what a line of a log has as request_id. Both ways go by the header
X-Request-Id, which the services log and the tracer shows because it was asked to (--capture-headers).
"""

import json
import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import jaeger  # noqa: E402

STATE = Path(os.environ["STATE"])
SERVICES = ["frontend", "backend", "database-service"]
ATTRIBUTE = "header.x-request-id"


def request_id(trace):
    """A value is a list in OpenTelemetry, for a header may come more than once."""
    values = {json.loads(v)[0] for s in trace.spans for k, v in s.tags.items() if k.endswith(ATTRIBUTE)}
    return values.pop() if len(values) == 1 else None


def lines_of(request):
    """In the order of their times, which are at the beginning."""
    lines = []
    for service in SERVICES:
        text = (STATE / f"{service}.log").read_text(errors="replace")
        lines += [x for x in text.splitlines() if f"request_id={request}" in x]
    return sorted(lines)


def trace_of(request):
    tags = json.dumps({f"http.response.{ATTRIBUTE}": json.dumps([request])})
    found = jaeger.traces("frontend", 0, tags=tags)
    return found[0] if found else None


def main(wanted):
    trace = (jaeger.trace(wanted) if re.fullmatch("[0-9a-f]{32}", wanted) else None) or trace_of(wanted)
    print("\n".join(lines_of(request_id(trace) if trace else wanted)))
    print(trace.text() if trace else f"no trace has the request {wanted}")


if __name__ == "__main__":
    main(sys.argv[1])
