# SPDX-License-Identifier: GPL-2.0-only
"""Spans as the json exporter writes them: one OTLP/JSON request per line."""

import json
from dataclasses import dataclass, field

SERVER, CLIENT = 2, 3
ERROR = 2


@dataclass
class Span:
    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: int
    start: int
    end: int
    status: int
    service: str
    attributes: dict = field(default_factory=dict)
    resource: dict = field(default_factory=dict)
    links: list = field(default_factory=list)
    trace_state: str = ""

    @property
    def path(self):
        """The path of the request, whichever side the span is on."""
        path = self.attributes.get("url.path")
        if path is None:
            rest = self.attributes.get("url.full", "").split("://", 1)[-1]
            path = "/" + rest.split("/", 1)[1] if "/" in rest else "/"
        return path.split("?", 1)[0]

    @property
    def code(self):
        return self.attributes.get("http.response.status_code")

    @property
    def method(self):
        return self.attributes.get("link.method")

    def holds(self, other):
        return self.start <= other.start and other.end <= self.end


def value_of(value):
    (kind, raw), = value.items()
    if kind == "intValue":
        return int(raw)
    if kind == "arrayValue":
        return [value_of(v) for v in raw.get("values", [])]
    return raw


def attributes_of(pairs):
    return {p["key"]: value_of(p["value"]) for p in pairs}


def spans_of(request):
    spans = []
    for rs in request.get("resourceSpans", []):
        resource = attributes_of(rs.get("resource", {}).get("attributes", []))
        for scope in rs.get("scopeSpans", []):
            for s in scope.get("spans", []):
                spans.append(Span(
                    s["traceId"], s["spanId"], s.get("parentSpanId", ""), s["name"], s["kind"],
                    int(s["startTimeUnixNano"]), int(s["endTimeUnixNano"]),
                    s.get("status", {}).get("code", 0), resource.get("service.name", ""),
                    attributes_of(s.get("attributes", [])), resource, s.get("links", []), s.get("traceState", "")))
    return spans


def read_spans(path):
    """Every span of the file; a line that is still being written is left out."""
    spans = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if line.endswith("\n"):
                spans += spans_of(json.loads(line))
    return spans


def only(spans, **wanted):
    """The one span with these fields; says what there is when there is not exactly one."""
    found = [s for s in spans if all(getattr(s, k) == v for k, v in wanted.items())]
    assert len(found) == 1, f"{len(found)} spans with {wanted} among " + "; ".join(
        f"{s.service} kind {s.kind} {s.name} {s.path}" for s in spans[:40])
    return found[0]
