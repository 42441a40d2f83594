# SPDX-License-Identifier: GPL-2.0-only
"""Looks whether the span that service-b makes itself is in one trace with the SDK's other spans and with ours."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import client  # noqa: E402
import jaeger  # noqa: E402
from checklist import Checklist  # noqa: E402

REQUESTS = 5
SPANS = 6  # the SDK's chain of three and heavy_calc; ours of the call and of service-b. The root is the SDK's alone

checks = Checklist()
began = jaeger.now()
codes = client.many("http://localhost:5000/", REQUESTS, at_once=1)
found = jaeger.wait("service-b", began, jaeger.whole(REQUESTS, SPANS))
found = [t for t in found if any(s.path == "/data" for s in t.spans)]  # not the reports of the SDK, which are shown, too
with_calc = [t for t in found if any(s.name == "heavy_calc" for s in t.spans)]
ours = [t for t in with_calc if any(s.ours for s in t.of("service-b"))]
checks.check(codes == {200: REQUESTS}, "service-a answers", f"{codes}")
checks.check(len(found) == len(with_calc) == REQUESTS, "one trace for each request, with heavy_calc in it",
             f"{len(found)} traces, {len(with_calc)} with heavy_calc")
checks.check(len(ours) == REQUESTS, "and the tracer's span of service-b", f"in {len(ours)} of them")
checks.check(all(len(t.roots()) == 1 for t in found), "each has one root")
if found:
    print("\n" + found[0].text())
checks.end()
