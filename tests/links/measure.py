# SPDX-License-Identifier: GPL-2.0-only
"""One case: start its services and the tracer, load them, and compare the spans with what the front wrote down."""

import time
from collections import Counter
from dataclasses import dataclass, field

from lab import load, score
from lab.otlp import CLIENT, SERVER
from lab.procs import PYTHON, SERVICES, free_port
from lab.tracer import Tracer

SURE = 0.9
NOBODY = "-"


@dataclass
class Result:
    """Of the calls that the front made; `backs`: of the backend's requests, which belong to their calls."""
    calls: int = 0
    seen: int = 0
    verdicts: Counter = field(default_factory=Counter)  # right, wrong, none
    sure_wrong: int = 0
    methods: Counter = field(default_factory=Counter)  # (link.method, verdict)
    backs_wrong: int = 0

    def figures(self):
        v = self.verdicts
        return self.calls, self.seen, v["right"], v["wrong"], v["none"], self.sure_wrong

    def ways(self):
        by_method, wrong = Counter(), Counter()
        for (method, verdict), n in self.methods.items():
            by_method[method] += n
            wrong[method] += n if verdict == "wrong" else 0
        return ", ".join(f"{m} {n}" + f" ({wrong[m]} wrong)" * bool(wrong[m]) for m, n in by_method.most_common())


def start(lab, case):
    """(port of the front, the backend's pid)"""
    front, back = free_port(), free_port()
    env = {"BACKEND": f"http://127.0.0.1:{back}", "TRUTH": str(lab.folder / "truth.txt"), "HOW": case.how, **case.env}
    b = lab.serve("back", [PYTHON, SERVICES / "stdlib.py", "back"], back, {**env, "HOW": "direct", "PORT": str(back)})
    env["PORT"] = str(front)
    lab.serve("front", case.front(case, lab, env), front, env)
    return front, b.pid


def started(lab):
    """What selects all that was started so far."""
    return [x for proc in lab.procs for x in ("--pid", proc.pid)]


def judge_call(call, request, cause):
    """A call for NOBODY (a timer, a refresh) is rightly a root, whatever was served meanwhile."""
    if request == NOBODY:
        return "wrong" if call.parent_id else "right"
    return score.judge_link(call, cause)


def judge(result, calls, spans, prefix, back):
    """calls: [(request id, token of a call of it)]; prefix: of the paths that the front serves; back: its pid"""
    of_back = [s for s in spans if s.kind == SERVER and s.resource["process.pid"] == back]
    backs = {s.path: s for s in of_back}
    fronts = {s.path: s for s in spans if s.kind == SERVER and s.resource["process.pid"] != back}
    clients = {s.path: s for s in spans if s.kind == CLIENT}
    for request, token in calls:
        path = f"/data/{token}"
        if request == NOBODY and path not in clients:  # it goes on when the tracer has ended
            continue
        result.calls += 1
        if path not in clients:
            continue
        call = clients[path]
        verdict = judge_call(call, request, fronts.get(prefix + request))
        result.seen += 1
        result.verdicts[verdict] += 1
        result.methods[call.method, verdict] += 1
        result.sure_wrong += verdict == "wrong" and call.attributes["link.confidence"] >= SURE
        result.backs_wrong += path not in backs or backs[path].parent_id != call.span_id


def drain(lab):
    """Waits for calls that go on after the last response."""
    made = None
    while made != (made := [c for c in score.read_calls(lab.folder) if c[0] != NOBODY]):
        time.sleep(0.2)


def measure(lab, case, requests, at):
    result = Result()
    port, back = start(lab, case)
    tracer = Tracer(lab, *started(lab))
    prefix = "/data/" if case.proxy else "/work/"
    ids = [f"{n:05d}" for n in range(requests)]
    done = load.run(port, [prefix + i for i in ids], case.at or at)
    assert not done.failed, done.failed[:5]
    if not case.proxy:
        drain(lab)
    spans = tracer.stop()
    calls = zip(ids, ids) if case.proxy else score.read_calls(lab.folder)
    judge(result, calls, spans, prefix, back)
    return result
