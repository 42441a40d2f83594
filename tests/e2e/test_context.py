# SPDX-License-Identifier: GPL-2.0-only
"""What a process publishes of itself (OpenTelemetry's process context) names its service, also when it comes late."""

import time

from lab import load
from lab.built import c_library
from lab.procs import PYTHON, SERVICES, free_port, wait_until
from lab.tracer import Tracer


def start_publisher(lab, **env):
    port = free_port()
    env = {"PORT": str(port), "LD_PRELOAD": str(c_library("publish")), "OTEL_SERVICE_NAME": "environment", **env}
    return port, lab.serve("service", [PYTHON, SERVICES / "chain.py"], port, env)


def resources_of(spans):
    return {(s.service, s.resource.get("deployment.environment.name")) for s in spans}


def test_published_before_the_tracer_came(lab):
    port, proc = start_publisher(lab)
    recording = lab.folder / "run.rec"
    tracer = Tracer(lab, "--pid", proc.pid, "--record", recording)
    load.get(port, "/chain/a")
    tracer.wait_spans(1)
    assert resources_of(tracer.stop()) == {("billing", "test01")}
    replayed = Tracer(lab, "--replay", recording, ready=False)
    assert replayed.proc.wait() == 0 and resources_of(replayed.spans()) == {("billing", "test01")}


def test_published_late(lab):
    when = lab.folder / "now"
    port, proc = start_publisher(lab, WHEN=str(when))
    tracer = Tracer(lab, "--pid", proc.pid)
    load.get(port, "/chain/a")
    tracer.wait_spans(1)
    assert resources_of(tracer.spans()) == {("environment", None)}
    when.touch()

    def known():
        load.get(port, "/chain/a")
        time.sleep(0.3)
        return ("billing", "test01") in resources_of(tracer.spans())
    wait_until(known, 20, "name that was published")
    assert resources_of(tracer.stop()) == {("environment", None), ("billing", "test01")}

