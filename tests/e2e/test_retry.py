# SPDX-License-Identifier: GPL-2.0-only
"""A backend that is busy, that refuses, that takes a part, that hangs: OTLP's rules, against receivers made by others."""

import concurrent.futures
import json
import re
import subprocess

import pytest
from lab import load, sdk
from lab.procs import SERVICES, TRACER, free_port, wait_until
from lab.tracer import Tracer
from test_export import RECORDING, SPANS
from test_two_services import start_services

pytestmark = pytest.mark.skipif(not sdk.READY.exists(), reason=sdk.MISSING)


class Receiver:
    def __init__(self, lab, protocol, script):
        self.protocol, self.port = protocol, free_port()
        env = {"PORT": str(self.port), "PROTOCOL": protocol, "SCRIPT": script}
        self.proc = lab.serve("receiver", [sdk.VENV / "bin/python", SERVICES / "receiver.py"], self.port, env)

    @property
    def args(self):
        protocol = {"grpc": "grpc", "http": "http/protobuf"}[self.protocol]
        return ["--endpoint", f"http://127.0.0.1:{self.port}", "--protocol", protocol]

    def requests(self):
        return [json.loads(line) for line in self.proc.output().splitlines()]


def replay(receiver, **env):
    """(what came of the spans, what was said, the requests)"""
    done = subprocess.run([TRACER, "--replay", RECORDING, "--exporter", "otlp", *receiver.args], env=env, text=True,
                          capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    found = re.search(r"spans: (\d+) sent, (\d+) rejected by the backend, (\d+) failed, (\d+) dropped", done.stderr)
    return tuple(int(x) for x in found.groups()), done.stderr, receiver.requests()


AGAIN, AT_ONCE_NEVER = (SPANS, 0, 0, 0), (0, SPANS, 0, 0)
CASES = [
    # protocol, script, what comes of the spans, requests, seconds from the first to the last at least
    ("http", "429+1", AGAIN, 2, 1),
    ("http", "503+1", AGAIN, 2, 1),
    ("http", "503@3", AGAIN, 2, 1.9),
    ("http", "503,502", AGAIN, 3, 0),
    ("http", "500", AT_ONCE_NEVER, 1, 0),
    ("grpc", "UNAVAILABLE", AGAIN, 2, 0),
    ("grpc", "UNAVAILABLE+1", AGAIN, 2, 1),
    ("grpc", "RESOURCE_EXHAUSTED+1", AGAIN, 2, 1),
    ("grpc", "RESOURCE_EXHAUSTED", AT_ONCE_NEVER, 1, 0),
    ("grpc", "INVALID_ARGUMENT+1", AT_ONCE_NEVER, 1, 0),
]


def test_what_may_pass_is_sent_again_when_the_backend_says(lab):
    receivers = [Receiver(lab, protocol, script) for protocol, script, *_ in CASES]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        results = list(pool.map(replay, receivers))
    for (protocol, script, ends, count, seconds), (found, said, requests) in zip(CASES, results):
        name = f"{protocol} {script}"
        assert found == ends and len(requests) == count, f"{name}: {requests}\n{said}"
        assert requests[-1]["at"] - requests[0]["at"] >= seconds, f"{name}: {requests}"
        assert all(sorted(r["ids"]) == sorted(requests[0]["ids"]) for r in requests), f"{name}: {requests}"
        assert len(set(requests[0]["ids"])) == SPANS, f"{name}: {requests}"


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_a_part_that_is_rejected_is_counted_and_said_once(lab, protocol):
    receiver = Receiver(lab, protocol, "partial 2,partial 3")
    found, said, requests = replay(receiver, OTEL_BSP_MAX_EXPORT_BATCH_SIZE=str(SPANS // 4))
    assert found == (SPANS - 5, 5, 0, 0) and len(requests) == 4, f"{requests}\n{said}"
    ids = [i for r in requests for i in r["ids"]]
    assert len(ids) == len(set(ids)) == SPANS, "something was sent again"
    assert said.count("too old") == 1, said


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_a_backend_that_hangs_stops_no_other(lab, protocol):
    """One exporter waits for an answer; the other one gets every span meanwhile."""
    receiver = Receiver(lab, protocol, ",".join(["hang"] * 20))
    port, pa, pb = start_services(lab, slow=(0, 2))
    file = lab.folder / "spans.json"
    tracer = Tracer(lab, "--pid", pa.pid, "--pid", pb.pid, *receiver.args, exporter=f"otlp,json:{file}",
                    env={"OTEL_EXPORTER_OTLP_TIMEOUT": "3000"})
    tracer.spans_file = file
    assert load.get(port, "/")[0]
    wait_until(receiver.requests, 10, "request that hangs")
    result = load.run(port, ["/"] * 100, 4)
    assert not result.failed, result.failed[:5]
    tracer.wait_spans(303, 10)
    assert len(receiver.requests()) <= 3 and tracer.proc.running()
    tracer.stop()
