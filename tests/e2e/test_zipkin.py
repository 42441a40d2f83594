# SPDX-License-Identifier: GPL-2.0-only
"""The real Zipkin takes the spans and gives the same traces back."""

import json
import shutil
import urllib.error
import urllib.request

import pytest
from lab.procs import BUILD, ROOT, TRACER, free_port, listens, wait_until

JAR = BUILD / "tools/zipkin/zipkin.jar"
RECORDING = ROOT / "tests/replay/two-services.rec"

pytestmark = [
    pytest.mark.skipif(not JAR.exists(), reason="Zipkin is not there (make zipkin)"),
    pytest.mark.skipif(not shutil.which("java"), reason="Java is not installed"),
]


def expected():
    with open(RECORDING.with_suffix(".json"), encoding="utf-8") as lines:
        return {s["spanId"]: s for s in map(json.loads, lines)}


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/{path}", timeout=20) as r:
        return json.load(r)


def test_zipkin_shows_the_same_traces(lab):
    port = free_port()
    lab.start("zipkin", ["java", "-XX:TieredStopAtLevel=1", "-Xmx256m", "-jar", JAR],
              {"QUERY_PORT": str(port), "SELF_TRACING_ENABLED": "false", "QUERY_LOOKBACK": "315360000000"})
    wait_until(lambda: listens(port), 60, "Zipkin")
    proc = lab.start("tracer", [TRACER, "--replay", RECORDING, "--exporter", "zipkin"],
                     {"OTEL_EXPORTER_ZIPKIN_ENDPOINT": f"http://127.0.0.1:{port}/api/v2/spans"})
    want = expected()
    assert proc.wait() == 0 and f"{len(want)} sent, 0 rejected" in proc.errors(), proc.errors()
    for trace_id in {s["traceId"] for s in want.values()}:
        ours = {i: s for i, s in want.items() if s["traceId"] == trace_id}

        def shown(trace_id=trace_id, ours=ours):
            try:
                spans = get(port, f"trace/{trace_id}")
            except urllib.error.HTTPError:
                return None
            return spans if len(spans) == len(ours) else None
        for span in wait_until(shown, 20, f"trace {trace_id} in Zipkin"):
            check(span, ours[span["id"]])
    assert get(port, "services") == sorted({s["service"] for s in want.values()})


def check(span, ours):
    assert span.get("parentId", "") == ours.get("parentSpanId", "")
    assert span["kind"] == {2: "SERVER", 3: "CLIENT"}[ours["kind"]]
    assert span["name"] == ours["name"].lower()	# Zipkin's own doing
    assert span["localEndpoint"]["serviceName"] == ours["service"]
    assert span["timestamp"] == int(ours["startTimeUnixNano"]) // 1000
    us = int(ours["endTimeUnixNano"]) // 1000 - span["timestamp"]
    assert span["duration"] == max(1, us)
    assert ("error" in span["tags"]) == (ours.get("status", {}).get("code") == 2)
    for attribute in ours["attributes"]:
        (value,) = attribute["value"].values()
        if isinstance(value, bool):
            value = str(value).lower()
        assert span["tags"][attribute["key"]] == (value if isinstance(value, str) else f"{value:g}"), attribute
