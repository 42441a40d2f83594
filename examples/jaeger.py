# SPDX-License-Identifier: GPL-2.0-only
"""Traces as Jaeger's HTTP API has them, for the examples' checks: JAEGER (http://localhost:16686) says where."""

import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request

URL = os.environ.get("JAEGER", "http://localhost:16686")
PATIENCE = float(os.environ.get("PATIENCE", 20))  # seconds; spans are there within one, an SDK's within five


def get(path, **query):
    try:
        with urllib.request.urlopen(f"{URL}{path}?{urllib.parse.urlencode(query)}", timeout=20) as r:
            return json.load(r)["data"] or []
    except urllib.error.HTTPError as e:
        if e.code == 404:
            return []
        raise


def services():
    return get("/api/services")


def now():
    """As Jaeger counts time; what is asked for since now() has nothing of earlier runs."""
    return int(time.time() * 1e6)


class Span:
    def __init__(self, span, processes):
        self.id = span["spanID"]
        self.name = span["operationName"]
        self.service = processes[span["processID"]]["serviceName"]
        self.start, self.duration = span["startTime"], span["duration"]
        self.tags = {t["key"]: t["value"] for t in span["tags"]}
        self.parent = next((r["spanID"] for r in span["references"] if r["refType"] == "CHILD_OF"), None)

    @property
    def kind(self):
        return self.tags.get("span.kind", "internal")

    @property
    def ours(self):
        """Made by the tracer, not by an SDK."""
        return "link.method" in self.tags

    @property
    def failed(self):
        return self.tags.get("error") is True

    @property
    def status(self):
        return self.tags.get("http.response.status_code")

    @property
    def path(self):
        return self.tags.get("url.path") or urllib.parse.urlsplit(self.tags.get("url.full", "")).path

    def line(self):
        said = f"{self.service}  {'→ ' if self.kind == 'client' else ''}{self.name}"
        if self.path not in self.name:
            said += f" {self.path}"
        if not self.ours:
            said += "  (SDK)"
        return f"{said}  {self.duration / 1000:.1f} ms{'  ✗ ' + str(self.status or 'error') if self.failed else ''}"


class Trace:
    def __init__(self, trace):
        self.id = trace["traceID"]
        self.spans = sorted((Span(s, trace["processes"]) for s in trace["spans"]), key=lambda s: (s.start, -s.duration))

    def roots(self):
        """Spans whose parent is not here; a whole trace has one."""
        ids = {s.id for s in self.spans}
        return [s for s in self.spans if s.parent not in ids]

    def children(self, span):
        return [s for s in self.spans if s.parent == span.id]

    def of(self, service, kind="server"):
        return [s for s in self.spans if s.service == service and s.kind == kind]

    @property
    def duration(self):
        return max(s.start + s.duration for s in self.spans) - self.spans[0].start

    def own_time(self, span):
        """What a span took itself: not while one of its children ran."""
        own, at = span.duration, span.start
        for child in self.children(span):
            end = min(child.start + child.duration, span.start + span.duration)
            own -= max(0, end - max(at, child.start))
            at = max(at, end)
        return own

    def bottleneck(self):
        """The service that took most of the time itself, and how much: (name, µs). Callers' waiting is not work."""
        spent = {}
        for span in self.spans:
            spent[span.service] = spent.get(span.service, 0) + (self.own_time(span) if span.kind != "client" else 0)
        return max(spent.items(), key=lambda x: x[1])

    def tree(self):
        """Nested lists: [what the span is, its children's trees...]"""
        return [self.branch(s) for s in self.roots()]

    def branch(self, span):
        said = f"{span.service} {span.kind} {span.path or span.name}"
        return [said, *(self.branch(s) for s in self.children(span))]

    def text(self):
        lines = [f"trace {self.id}  {self.duration / 1000:.1f} ms"]
        for root in self.roots():
            self.draw(root, "", lines)
        return "\n".join(lines)

    def draw(self, span, indent, lines):
        lines.append(f"{indent}└─ {span.line()}")
        for child in self.children(span):
            self.draw(child, indent + "   ", lines)


def traces(service, since, **query):
    return [Trace(t) for t in get("/api/traces", service=service, start=since, end=now(), limit=1500, **query)]


def trace(trace_id):
    """None: there is none of that id."""
    return next((Trace(t) for t in get(f"/api/traces/{trace_id}")), None)


def wait(service, since, enough, **query):
    """The traces of a service since then, as soon as enough(traces), or what there is when patience ends."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = traces(service, since, **query)
        if enough(found) or time.monotonic() > deadline:
            return found
        time.sleep(0.2)


def whole(count, spans):
    """For wait(): that many traces of at least that many spans each."""
    return lambda found: sum(len(t.spans) >= spans for t in found) >= count
