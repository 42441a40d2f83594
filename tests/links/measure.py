# SPDX-License-Identifier: GPL-2.0-only
"""One case: start its services and the tracer, load them, and compare the spans with what the front wrote down."""

import time
from collections import Counter, defaultdict
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
    """Port of the front"""
    front, back = free_port(), free_port()
    env = {"BACKEND": f"http://127.0.0.1:{back}", "TRUTH": str(lab.folder / "truth.txt"), "HOW": case.how, **case.env}
    lab.serve("back", [PYTHON, SERVICES / "stdlib.py", "back"], back, {**env, "HOW": "direct", "PORT": str(back)})
    env["PORT"] = str(front)
    lab.serve("front", case.front(case, lab, env), front, env)
    return front


def started(lab):
    """What selects all that was started so far."""
    return [x for proc in lab.procs for x in ("--pid", proc.pid)]


def judge_call(call, request, cause):
    """A call for NOBODY (a timer, a refresh) is rightly a root, whatever was served meanwhile."""
    if request == NOBODY:
        return "wrong" if call.parent_id else "right"
    return score.judge_link(call, cause)


def process_of(span):
    """None: it was gone before it could be looked at."""
    return span.resource.get("process.pid")


def one_of(spans, pid, same):
    """The one that this process made, or another process."""
    return next((s for s in spans if (process_of(s) == pid) == same), None)


def cut(call):
    """What is made for nobody goes on when the tracer ends, which may see nothing of a call, or its beginning."""
    return not call or call.attributes.get("exchange.incomplete")


def judge(result, calls, spans, prefix):
    """calls: [(request id, path of a call made for it)]; prefix: of the paths that the front serves"""
    servers, clients = defaultdict(list), {}
    for s in spans:
        if s.kind == SERVER:
            servers[s.path].append(s)
        elif s.kind == CLIENT:
            clients[s.path] = s
    for request, path in calls:
        if request == NOBODY and cut(clients.get(path)):
            continue
        result.calls += 1
        if path not in clients:
            continue
        call = clients[path]
        pid = process_of(call)
        served = servers[prefix + request]
        verdict = judge_call(call, request, one_of(served, pid, True) or one_of(served, pid, False))
        result.seen += 1
        result.verdicts[verdict] += 1
        result.methods[call.method, verdict] += 1
        result.sure_wrong += verdict == "wrong" and call.attributes["link.confidence"] >= SURE
        back = one_of(servers[path], pid, False)
        result.backs_wrong += not back or back.parent_id != call.span_id


def drain(lab):
    """Waits for calls that go on after the last response."""
    made = None
    while made != (made := [c for c in score.read_calls(lab.folder) if c[0] != NOBODY]):
        time.sleep(0.2)


def made(lab):
    """The calls that the front wrote down: [(request id, path)]"""
    return [(request, f"/data/{token}") for request, token in score.read_calls(lab.folder)]


def measure(lab, case, requests, at, *tracer_args, pace=None):
    """pace(tracer, paths): yields the paths again, and does something to the tracer between two of them."""
    result = Result()
    port = start(lab, case)
    tracer = Tracer(lab, *started(lab), *tracer_args)
    prefix = "/data/" if case.proxy else "/work/"
    ids = [f"{n:05d}" for n in range(requests)]
    paths = [prefix + i for i in ids]
    done = load.run(port, pace(tracer, paths) if pace else paths, case.at or at)
    assert not done.failed, done.failed[:5]
    if not case.proxy:
        drain(lab)
    spans = tracer.stop()
    calls = [] if case.proxy else made(lab)
    if case.proxy or case.gateway:
        calls += [(i, prefix + i) for i in ids]
    judge(result, calls, spans, prefix)
    return result
