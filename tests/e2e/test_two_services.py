# SPDX-License-Identifier: GPL-2.0-only
"""The tutorial's two services, untouched, seen through a real Jaeger."""

import time

import pytest
from lab import load
from lab.jaeger import parent_of, service_of, tags_of
from lab.procs import EXAMPLES, PYTHON, free_port, wait_until
from lab.tracer import Tracer


def start_services(lab, fail=0, slow=(20, 60)):
    a, b = free_port(), free_port()
    pb = lab.serve("service-b", [PYTHON, EXAMPLES / "service-b.py"], b,
                   {"PORT": str(b), "MIN_MS": str(slow[0]), "MAX_MS": str(slow[1]), "FAIL": str(fail)})
    pa = lab.serve("service-a", [PYTHON, EXAMPLES / "service-a.py"], a,
                   {"PORT": str(a), "BACKEND": f"http://127.0.0.1:{b}"})
    return a, pa, pb


def find(trace, service, kind):
    found = [s for s in trace["spans"]
             if service_of(trace, s) == service and tags_of(s)["span.kind"] == kind]
    assert len(found) == 1, f"{len(found)} {kind} spans of {service}"
    return found[0]


def inside(child, parent):
    return (parent["startTime"] <= child["startTime"] and
            child["startTime"] + child["duration"] <= parent["startTime"] + parent["duration"] + 1)


def chain_of(trace):
    assert len(trace["spans"]) == 3
    return find(trace, "service-a", "server"), find(trace, "service-a", "client"), find(trace, "service-b", "server")


@pytest.mark.quick
def test_one_request_is_one_linked_trace(lab, jaeger):
    port, pa, pb = start_services(lab)
    Tracer(lab, "--pid", pa.pid, "--pid", pb.pid, "--endpoint", jaeger.endpoint, exporter="otlp")
    assert load.get(port, "/") == (200, b"service-b says: 42\n")
    answered = time.monotonic()
    wait_until(lambda: any(len(t["spans"]) == 3 for t in jaeger.traces("service-a")), 10, "trace of three spans")
    delay = time.monotonic() - answered
    assert jaeger.services() == ["service-a", "service-b"]
    traces = jaeger.traces("service-a")
    assert len(traces) == 1
    server, client, backend = chain_of(traces[0])
    assert parent_of(server) is None
    assert parent_of(client) == server["spanID"]
    assert parent_of(backend) == client["spanID"]
    assert inside(client, server) and inside(backend, client)
    assert tags_of(client)["link.method"] == "thread"
    assert tags_of(backend)["link.method"] == "position"
    assert delay < 1, f"in Jaeger {delay:.2f} s after the response"


def test_error_is_marked_on_every_span(lab, jaeger):
    port, pa, pb = start_services(lab, fail=1)
    Tracer(lab, "--pid", pa.pid, "--pid", pb.pid, "--endpoint", jaeger.endpoint, exporter="otlp")
    assert load.get(port, "/")[0] == 500
    traces = wait_until(lambda: [t for t in jaeger.traces("service-a") if len(t["spans"]) == 3], 10, "trace")
    for span in chain_of(traces[0]):
        tags = tags_of(span)
        assert tags["http.response.status_code"] == 500
        assert tags.get("error") is True and tags["error.type"] == "500"


def test_every_trace_arrives_within_a_second(lab, jaeger):
    """From the response to Jaeger's answer, over many requests on a busy machine."""
    port, pa, pb = start_services(lab, slow=(0, 5))
    Tracer(lab, "--pid", pa.pid, "--pid", pb.pid, "--endpoint", jaeger.endpoint, exporter="otlp")
    load.get(port, "/")
    delays = []
    for n in range(1, 21):
        answered = time.monotonic()
        wait_until(lambda n=n: sum(len(t["spans"]) for t in jaeger.traces("service-a")) >= 3 * n, 10, f"trace {n}")
        delays.append(time.monotonic() - answered)
        load.get(port, "/")
    assert max(delays) < 1, f"slowest {max(delays):.2f} s"
