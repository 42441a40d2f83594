# SPDX-License-Identifier: GPL-2.0-only
"""Looks whether the custom span of database-service is in one trace with what the tracer shows of all three services."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import client  # noqa: E402
import jaeger  # noqa: E402
from checklist import Checklist  # noqa: E402

REQUESTS = 5
QUERY = {"db.system": "postgresql", "db.operation": "SELECT", "db.table": "users"}

checks = Checklist()
began = jaeger.now()
codes = client.many("http://localhost:8080/api/users", REQUESTS, at_once=1)
found = jaeger.wait("frontend", began, jaeger.whole(REQUESTS, 9))
custom = [s for t in found for s in t.spans if s.name == "simulate_database_query"]
checks.check(codes == {200: REQUESTS}, "the frontend answers", f"{codes}")
checks.check(len(found) == len(custom) == REQUESTS, "one trace for each request, with the custom span in it",
             f"{len(found)} traces, {len(custom)} custom spans")
checks.check(all(QUERY.items() <= s.tags.items() for s in custom), "it says what was asked of the database")
checks.check(all(any(s.ours for s in t.of(name)) for t in found for name in ("frontend", "backend", "database-service")),
             "and the tracer's spans of all three services")
if found:
    print("\n" + found[0].text())
checks.end()
