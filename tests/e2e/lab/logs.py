# SPDX-License-Identifier: GPL-2.0-only
"""Log lines as the exporters write them down: one OTLP/JSON request per line, among requests of spans."""

import json
from dataclasses import dataclass

from lab import otlp


@dataclass
class Line:
    body: str
    trace_id: str
    span_id: str
    severity: int
    word: str
    time: int
    service: str
    attributes: dict


def lines_of(request):
    for rl in request.get("resourceLogs", []):
        service = otlp.attributes_of(rl["resource"]["attributes"])["service.name"]
        for scope in rl["scopeLogs"]:
            for r in scope["logRecords"]:
                yield Line(r["body"]["stringValue"], r.get("traceId", ""), r.get("spanId", ""),
                           r.get("severityNumber", 0), r.get("severityText", ""), int(r["timeUnixNano"]), service,
                           otlp.attributes_of(r.get("attributes", [])))


def read(path):
    """Every line of the file; a request that is still being written is left out."""
    with open(path, encoding="utf-8") as requests:
        return [line for r in requests if r.endswith("\n") for line in lines_of(json.loads(r))]
