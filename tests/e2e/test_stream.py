# SPDX-License-Identifier: GPL-2.0-only
"""What takes long is shown while it lasts: a streaming response and its calls appear after --link-wait, incomplete."""

import threading
import time

from lab import load
from lab.otlp import CLIENT, SERVER, only
from lab.procs import PYTHON, SERVICES, free_port
from lab.tracer import Tracer


def start_flask(lab):
    front, back = free_port(), free_port()
    b = lab.serve("back", [PYTHON, SERVICES / "back_flask.py"], back, {"PORT": str(back)})
    a = lab.serve("front", [PYTHON, SERVICES / "front_flask.py"], front,
                  {"PORT": str(front), "BACKEND": f"http://127.0.0.1:{back}"})
    return front, a.pid, b.pid


def test_stream_is_shown_after_the_wait_and_once(lab):
    port, front, back = start_flask(lab)
    tracer = Tracer(lab, "--pid", front, "--pid", back, "--link-wait", "1s")
    stream = threading.Thread(target=load.get, args=(port, "/stream/6"))
    began = time.monotonic()
    stream.start()
    spans = tracer.wait_spans(3, 5)
    seen = time.monotonic() - began
    assert stream.is_alive(), "the stream ended before it was seen"
    assert seen > 0.9, "it did not wait for --link-wait"
    server = only(spans, kind=SERVER, path="/stream/6")
    call = only(spans, kind=CLIENT)
    backend = only(spans, kind=SERVER, path="/data/stream")
    assert (call.parent_id, call.trace_id) == (server.span_id, server.trace_id)
    assert (backend.parent_id, backend.trace_id) == (call.span_id, call.trace_id)
    assert server.attributes["exchange.incomplete"] is True
    assert server.holds(call)
    stream.join()
    assert load.get(port, "/")[0] == 200
    assert len(tracer.wait_spans(4)) == 4, "the stream was told twice"
    assert len(tracer.stop()) == 4


def test_stream_in_flight_goes_out_at_the_end(lab):
    port, front, back = start_flask(lab)
    tracer = Tracer(lab, "--pid", front, "--pid", back)
    stream = threading.Thread(target=load.get, args=(port, "/stream/6"))
    stream.start()
    time.sleep(1.5)			# well inside the stream; nothing is asserted about when
    spans = tracer.stop()
    assert {s.path for s in spans} == {"/stream/6", "/data/stream"}
    assert len(spans) == 3
    stream.join()
