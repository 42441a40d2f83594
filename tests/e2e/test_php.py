# SPDX-License-Identifier: GPL-2.0-only
"""PHP behind nginx, which hands requests on by FastCGI: one trace from nginx's request to what PHP calls."""

import json
import subprocess

import pytest
from lab import load, otlp, proxies, semconv
from lab.jaeger import parent_of, tags_of
from lab.otlp import CLIENT, ERROR, SERVER, only
from lab.procs import PYTHON, SERVICES, TRACER, free_port, wait_until
from lab.tracer import Tracer, raw_lines

pytestmark = pytest.mark.skipif(bool(proxies.missing_fpm()), reason=str(proxies.missing_fpm()))

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CONTEXT = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
STATUS = "<?php http_response_code((int)basename(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH))); echo 'said';"


@pytest.fixture(params=["unix", "tcp", "keep"])
def way(request):
    return request.param


def start(lab, how, script=None):
    """(nginx's port, pids of PHP, of the backend, and of nginx)"""
    port, back = free_port(), free_port()
    b = lab.serve("back", [PYTHON, SERVICES / "stdlib.py", "back"], back, {"HOW": "direct", "PORT": str(back)})
    env = {"PORT": str(port), "BACKEND": f"http://127.0.0.1:{back}", "TRUTH": str(lab.folder / "truth.txt")}
    if script:
        (lab.folder / "index.php").write_text(script)
        env["PHP"] = lab.folder / "index.php"
    fpm, command = proxies.start_fpm(lab, env, how)
    return port, fpm.pid, b.pid, lab.serve("nginx", command, port).pid


def selected(pids):
    return [x for pid in pids for x in ("--pid", pid)]


def test_from_nginx_through_php_to_the_backend_is_one_trace_in_jaeger(lab, jaeger, way):
    port, *pids = start(lab, way)
    tracer = Tracer(lab, *selected(pids), "--endpoint", jaeger.endpoint, exporter="otlp")
    assert load.get(port, "/work/00001")[0] == 200
    wait_until(lambda: [t for t in jaeger.traces("nginx") if len(t["spans"]) == 5], 20, "trace of five spans")
    tracer.stop()
    spans = sorted(jaeger.traces("nginx")[0]["spans"], key=lambda s: s["startTime"])
    assert [tags_of(s)["span.kind"] for s in spans] == ["server", "client", "server", "client", "server"]
    assert [parent_of(s) for s in spans] == [None, *(s["spanID"] for s in spans[:-1])]
    asked, php = tags_of(spans[1]), tags_of(spans[2])
    assert asked["network.protocol.name"] == php["network.protocol.name"] == "fastcgi"
    assert php["url.path"] == "/work/00001" and php["client.address"] == "127.0.0.1" and php["server.port"] == port
    assert asked["url.full"] == f"http://127.0.0.1:{port}/work/00001"


def test_statuses_and_a_trace_from_elsewhere(lab, way):
    """Of PHP alone is seen what nginx tells it: the method, the target, who asked, in which trace."""
    port, fpm, _, nginx = start(lab, way, STATUS)
    tracer = Tracer(lab, *selected([fpm]))
    for code in (200, 404, 503):
        assert load.get(port, f"/work/{code}?sig=key", "PUT", CONTEXT | {"X-Forwarded-For": "192.0.2.7"})[0] == code
    spans = tracer.stop()
    for code in (200, 404, 503):
        php = only(spans, kind=SERVER, path=f"/work/{code}")
        assert (php.code, php.name, php.trace_id, php.parent_id, php.method) == (code, "PUT", TRACE, PARENT, "header")
        assert php.attributes["url.query"] == "sig=REDACTED" and php.attributes["client.address"] == "192.0.2.7"
        assert (php.status == ERROR) == (code == 503) and php.attributes.get("error.type") == ("503" if code == 503 else None)
    assert len(spans) == 3
    tracer = Tracer(lab, *selected([nginx]))
    assert load.get(port, "/work/404")[0] == 404
    spans = tracer.stop()
    asked = only(spans, kind=CLIENT)
    assert asked.parent_id == only(spans, kind=SERVER).span_id
    assert asked.status == ERROR and asked.attributes["error.type"] == "404"
    for line in raw_lines(tracer.spans_file):
        for span in (s for rs in line["resourceSpans"] for ss in rs["scopeSpans"] for s in ss["spans"]):
            semconv.check_span(span)


def test_a_recording_without_payload_says_the_same(lab, way):
    port, *pids = start(lab, way)
    file, out = lab.folder / "run.rec", lab.folder / "again.json"
    tracer = Tracer(lab, *selected(pids), "--record", file, "--redact-payload")
    for n in range(5):
        assert load.get(port, f"/work/s3cret{n}", headers={**CONTEXT, "Cookie": "s3cret"})[0] == 200
    live = tracer.stop()
    assert len(live) == 25 and {s.trace_id for s in live} == {TRACE}
    assert b"s3cret" not in file.read_bytes()
    subprocess.run([TRACER, "--replay", file, "--exporter", f"json:{out}"], check=True, timeout=60)
    assert structure(otlp.read_spans(out)) == structure(live)


def structure(spans):
    return sorted((s.trace_id, s.span_id, s.parent_id, s.kind, s.name, s.start, s.end, s.code, s.method) for s in spans)


def test_a_long_body_each_way(lab, way):
    """Of what is not copied only the length is known; the books close all the same."""
    port, *pids = start(lab, way, "<?php echo strlen(file_get_contents('php://input')), str_repeat('0123456789abcdef', 99999);")
    tracer = Tracer(lab, *selected(pids))
    body = b"b" * 700000
    for n in range(3):
        subprocess.run(["curl", "-sS", "-o", lab.folder / "said", "--data-binary", "@-", f"http://127.0.0.1:{port}/work/{n}"],
                       input=body, check=True, timeout=30)
        assert (lab.folder / "said").stat().st_size == 6 + 16 * 99999
    spans = tracer.stop()
    assert len(spans) == 9 and all(s.code == 200 and s.status != ERROR for s in spans)
    for n in range(3):
        front = only([s for s in spans if not s.parent_id], path=f"/work/{n}")
        asked = only(spans, kind=CLIENT, path=f"/work/{n}")
        php = only([s for s in spans if s.parent_id == asked.span_id], path=f"/work/{n}")
        assert asked.parent_id == front.span_id and asked.holds(php), json.dumps([s.attributes for s in (front, asked, php)])
    assert all(b["verdict"] == "closed" for b in tracer.books().values())
