# SPDX-License-Identifier: GPL-2.0-only
"""Usage: run.sh logs TRACE|TEXT    the lines that the services logged for a trace; the traces of lines with that text

TRACE is the id of a trace in Jaeger. Both ways go by the trace ids that the tracer gives to the lines (--logs); the
services know nothing of them.
"""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import jaeger  # noqa: E402

FILE = Path(os.environ["STATE"]) / "telemetry.jsonl"


def lines():
    """(time, trace, service, text) of every line, as OTLP has them, in order of their times"""
    found = []
    requests = FILE.read_text(encoding="utf-8").splitlines(True)
    for request in (json.loads(x) for x in requests if x.endswith("\n")):
        for r in request.get("resourceLogs", []):
            service = next(a["value"]["stringValue"] for a in r["resource"]["attributes"] if a["key"] == "service.name")
            found += [(int(x["timeUnixNano"]), x.get("traceId", ""), service, x["body"]["stringValue"])
                      for scope in r["scopeLogs"] for x in scope["logRecords"]]
    return sorted(found)


def main(wanted):
    known = lines()
    if any(trace == wanted for _, trace, _, _ in known):
        traces = [wanted]
    else:
        traces = list(dict.fromkeys(trace for _, trace, _, text in known if wanted in text and trace))
    for trace in traces:
        print("\n".join(f"{service}: {text}" for _, of, service, text in known if of == trace))
        found = jaeger.trace(trace)
        print(found.text() if found else f"Jaeger has no trace {trace}")
    if not traces:
        print(f"no line is of a trace {wanted}, or has that text")


if __name__ == "__main__":
    main(sys.argv[1])
