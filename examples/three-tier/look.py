# SPDX-License-Identifier: GPL-2.0-only
"""What the tutorial does with its traces once they are there: the slowest, two compared, errors, log lines."""

import re
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import client  # noqa: E402
import jaeger  # noqa: E402
from checklist import Checklist  # noqa: E402

FRONTEND = "http://localhost:8080"
LINE = re.compile(r"^(\S+): .* INFO ", re.M)


def logs(wanted):
    """What run.sh prints, once each of the three services has a line there."""
    deadline = time.monotonic() + jaeger.PATIENCE
    while True:
        said = subprocess.run([HERE / "run.sh", "logs", wanted], check=True, capture_output=True, text=True).stdout
        if len(LINE.findall(said)) >= 3 or time.monotonic() > deadline:
            return said
        time.sleep(0.2)


def slowest(checks, traces):
    longest = max(traces, key=lambda t: t.duration)
    print("\nThe slowest:\n" + longest.text())
    name, spent = longest.bottleneck()
    checks.check(name == "database-service", f"most of it is {name}'s own time, {spent / 1000:.0f} ms")


def compared(checks, users, orders):
    """What Jaeger's Compare draws: the calls that one trace has and the other has not."""
    print("\nTwo compared, GET /api/users and GET /api/orders:\n" + users.text() + "\n" + orders.text())
    more = len(orders.of("database-service")) - len(users.of("database-service"))
    checks.check(more == 1, "orders cost one query more than users", f"{more} more")


def errors(checks, began):
    """A user asked for by something that is no number: who answered with an error first?

    Not searched for as error=true, which Jaeger 2.13 with its storage in memory never finds.
    """
    code = client.status(f"{FRONTEND}/api/users/x")
    found = jaeger.wait("frontend", began, jaeger.whole(1, 5), tags='{"http.response.status_code":"502"}')
    checks.check(code == 502 and len(found) == 1, "an error is found by its status", f"{code}, {len(found)} traces")
    if found:
        print("\n" + found[0].text())
        origin = [s for s in found[0].spans if s.failed and not any(c.failed for c in found[0].children(s))]
        checks.check([s.service for s in origin] == ["database-service"], "it came from database-service",
                     f"it came from {[s.service for s in origin]}")


def log_lines(checks, began):
    _, headers, _ = client.get(f"{FRONTEND}/api/users/1")
    request = headers["X-Request-Id"]
    trace = jaeger.wait("frontend", began, jaeger.whole(1, 5))[0]
    of_trace, of_line = logs(trace.id), logs(request)
    print("\n" + of_line)
    checks.check(LINE.findall(of_trace) == ["database-service", "backend", "frontend"],
                 "from the trace to the line that each service logged", of_trace)
    checks.check(f"trace {trace.id}" in of_line, "from a line of a log to its trace", of_line)


def grafana(checks):
    """The requests that Grafana's Jaeger data source makes."""
    operations = jaeger.get("/api/services/frontend/operations")
    checks.check("frontend" in jaeger.services() and operations, "Jaeger answers what Grafana's data source asks it")


def main():
    checks = Checklist()
    began = jaeger.now()
    for path in ("/api/users", "/api/orders"):
        client.many(FRONTEND + path, 3)
    traces = jaeger.wait("frontend", began, jaeger.whole(6, 5))
    by_path = {t.roots()[0].tags["url.path"]: t for t in traces}
    slowest(checks, traces)
    compared(checks, by_path["/api/users"], by_path["/api/orders"])
    errors(checks, jaeger.now())
    log_lines(checks, jaeger.now())
    grafana(checks)
    checks.end()


if __name__ == "__main__":
    main()
