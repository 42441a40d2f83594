# SPDX-License-Identifier: GPL-2.0-only
"""Compares the spans of a two-tier run with what the services wrote down themselves."""

from collections import Counter, defaultdict
from dataclasses import dataclass

from lab.otlp import CLIENT, SERVER


@dataclass
class Score:
    requests: int = 0
    right: int = 0
    wrong: int = 0
    missing: int = 0
    twice: int = 0
    strangers: int = 0
    methods: Counter = None
    examples: list = None

    def perfect(self):
        return self.right == self.requests and not (
            self.wrong or self.missing or self.twice or self.strangers)

    def __str__(self):
        return (f"{self.requests} requests: {self.right} right, {self.wrong} wrong, {self.missing} missing, "
                f"{self.twice} twice, {self.strangers} strangers; links {dict(self.methods)}"
                + "".join(f"\n  {x}" for x in self.examples[:10]))


def read_calls(folder):
    """[(request id, token of a backend call of it)], as the front service wrote it."""
    return [line.split() for path in folder.glob("truth.*") for line in path.read_text().splitlines()]


def read_truth(folder):
    """The same as a dict, where each request makes one call."""
    return dict(read_calls(folder))


def judge_link(span, parent):
    """A span of a run without headers: is its parent the one that the services know?"""
    if not span.parent_id:
        return "none"
    return "right" if parent and span.parent_id == parent.span_id else "wrong"


def count_links(spans, calls):
    """Counter of (which link, link.method, verdict)"""
    servers = {s.path: s for s in spans if s.kind == SERVER}
    clients = {s.path: s for s in spans if s.kind == CLIENT}
    counts = Counter()
    for request, token in calls:
        call, backend = clients.get(f"/data/{token}"), servers.get(f"/data/{token}")
        if call:
            counts["call", call.method, judge_link(call, servers.get(f"/work/{request}"))] += 1
        else:
            counts["call", "-", "missing"] += 1
        if backend:
            counts["backend", backend.method, judge_link(backend, call)] += 1
        else:
            counts["backend", "-", "missing"] += 1
    return counts


def by_last_segment(spans, kind, prefix):
    found = defaultdict(list)
    for s in spans:
        if s.kind == kind and s.path.startswith(prefix):
            found[s.path[len(prefix):]].append(s)
    return found


def judge(front, call, back):
    if call.parent_id != front.span_id or call.trace_id != front.trace_id:
        return f"client span {call.path} hangs below {call.parent_id or 'nothing'} ({call.method})"
    if back.parent_id != call.span_id or back.trace_id != call.trace_id:
        return f"backend span {back.path} hangs below {back.parent_id or 'nothing'} ({back.method})"
    if not (front.holds(call) and call.holds(back)):
        return f"times of {front.path} are not nested"
    return None


def score(spans, truth):
    """Every request: front server span > its own client span > the backend's server span, each exactly once."""
    fronts = by_last_segment(spans, SERVER, "/work/")
    calls = by_last_segment(spans, CLIENT, "/data/")
    backs = by_last_segment(spans, SERVER, "/data/")
    s = Score(requests=len(truth), methods=Counter(x.method for x in spans), examples=[])
    for request, token in truth.items():
        chain = (fronts[request], calls[token], backs[token])
        if any(not c for c in chain):
            s.missing += 1
            s.examples.append(f"{request}: front, call, back seen {[len(c) for c in chain]} times")
        elif any(len(c) > 1 for c in chain):
            s.twice += 1
            s.examples.append(f"{request}: front, call, back seen {[len(c) for c in chain]} times")
        else:
            wrong = judge(*(c[0] for c in chain))
            s.right += not wrong
            s.wrong += bool(wrong)
            if wrong:
                s.examples.append(wrong)
    s.strangers = len(spans) - sum(len(v) for d in (fronts, calls, backs) for k, v in d.items())
    return s
