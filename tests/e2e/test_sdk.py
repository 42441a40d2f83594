# SPDX-License-Identifier: GPL-2.0-only
"""Services with OpenTelemetry's SDK among services without: one trace of each request, in every order of three."""

import itertools

import pytest
from lab import load, sdk
from lab.jaeger import parent_of, service_of, tags_of
from lab.otlp import SERVER
from lab.procs import wait_until
from lab.tracer import Tracer
from test_wire import Keeper

pytestmark = pytest.mark.skipif(not sdk.READY.exists(), reason=sdk.MISSING)

ORDERS = ["".join(o) for o in itertools.product("sz", repeat=3)]  # s: with SDK, z: zero-code


class Span:
    def __init__(self, trace, raw):
        tags = tags_of(raw)
        self.id, self.parent = raw["spanID"], parent_of(raw)
        self.service, self.kind = service_of(trace, raw), tags.get("span.kind")
        self.ours = "link.method" in tags
        self.text = " ".join(str(v) for v in tags.values())

    def __repr__(self):
        return f"{self.service}/{self.kind}{'' if self.ours else ' (SDK)'} {self.id[:4]}<-{(self.parent or '')[:4]}"


def traces_of(jaeger, services, leaf):
    """{trace id: spans} of the request whose path ends in leaf."""
    found = {}
    for service in services:
        for trace in jaeger.traces(service):
            spans = [Span(trace, s) for s in trace["spans"]]
            if any(leaf in s.text for s in spans):
                found[trace["traceID"]] = spans
    return found


def ways(spans):
    """Every way from a span without children to its root, as the services along it."""
    by_id = {s.id: s for s in spans}
    inner = {s.parent for s in spans}
    for span in (s for s in spans if s.id not in inner):
        way = []
        while span:
            if span.kind == "server":
                way.append(span.service)
            span = by_id.get(span.parent)
        yield way[::-1]


def whole(spans):
    """No span has a parent that is not there."""
    return {s.parent for s in spans} <= {s.id for s in spans} | {None}


def ask(ports, leaf, **kwargs):
    path = "/".join(str(p) for p in ports[1:])
    assert load.get(ports[0], f"/chain/{path}/{leaf}" if path else f"/chain/{leaf}", **kwargs)[0] == 200


def wait_way(jaeger, names, leaf, traces=1):
    """The traces of the request, once so many are there, all whole, and one has a way through all the services."""
    def there():
        found = traces_of(jaeger, names, leaf)
        way = any(names in ways(x) for x in found.values())
        return found if len(found) >= traces and way and all(map(whole, found.values())) else None
    try:
        return wait_until(there, 10, "way", 0.1)
    except AssertionError:
        raise AssertionError(f"no way through {names}: {traces_of(jaeger, names, leaf)}") from None


def start_tracer(lab, procs, jaeger, *args):
    pids = [arg for proc in procs for arg in ("--pid", proc.pid)]
    return Tracer(lab, *pids, "--endpoint", jaeger.endpoint, *args, exporter="otlp")


def check_order(jaeger, order, names):
    """From the first service without SDK on, our spans show the way; before it the SDK's do, and nothing twice."""
    # The SDK of a leaf to which no context came has begun a trace that nothing tells of.
    traces = 2 if order.endswith("zs") else 1
    found = wait_way(jaeger, names, f"leaf-{order}", traces)
    spans = next(spans for spans in found.values() if names in ways(spans))
    ours = sorted(s.service for s in spans if s.ours and s.kind == "server")
    first = order.find("z")
    assert ours == (sorted(names[first:]) if first >= 0 else []), f"{order}: {found}"
    assert len(found) == traces, f"{order}: {found}"


@pytest.mark.parametrize("with_sdk, without", [("python", "python"), ("node", "python"), ("python", "node")])
def test_every_order_of_three_is_one_trace(lab, jaeger, with_sdk, without):
    if with_sdk == "node" and not (sdk.NODE_KIT / "ready").exists():
        pytest.skip(sdk.NODE_MISSING)
    services = {f"z{n}": sdk.plain(lab, f"z{n}", runtime=without) for n in (1, 2, 3)}
    services |= {f"s{n}": sdk.instrumented(lab, f"s{n}", jaeger.endpoint, with_sdk) for n in (1, 2, 3)}
    tracer = start_tracer(lab, [proc for _, proc in services.values()], jaeger)
    chains = {order: [f"{kind}{n}" for n, kind in enumerate(order, 1)] for order in ORDERS}
    for order, names in chains.items():
        ask([services[name][0] for name in names], f"leaf-{order}")
    for order, names in chains.items():
        check_order(jaeger, order, names)
    tracer.stop()
    said = tracer.proc.errors()
    for name, (_, proc) in services.items():
        assert (f"pid {proc.pid} ({name}) has a tracing SDK" in said) == name.startswith("s")


def test_context_handed_on_by_hand(lab, jaeger):
    port1, one = sdk.instrumented(lab, "s1", jaeger.endpoint)
    port2, two = sdk.plain(lab, "h2", hand_on="traceparent tracestate")
    port3, three = sdk.instrumented(lab, "s3", jaeger.endpoint)
    start_tracer(lab, [one, two, three], jaeger)
    ask([port1, port2, port3], "leaf")
    found = wait_way(jaeger, ["s1", "h2", "s3"], "leaf")
    assert len(found) == 1, found
    (spans,) = found.values()
    assert len([s for s in spans if s.parent is None]) == 1, spans


@pytest.mark.parametrize("propagator", ["b3", "b3multi"])
def test_sdk_that_speaks_b3(lab, jaeger, propagator):
    port1, one = sdk.instrumented(lab, "s1", jaeger.endpoint, OTEL_PROPAGATORS=propagator)
    port2, two = sdk.plain(lab, "z2")
    start_tracer(lab, [one, two], jaeger)
    ask([port1, port2], "leaf")
    found = wait_way(jaeger, ["s1", "z2"], "leaf")
    assert len(found) == 1 and len(next(iter(found.values()))) == 3, found


def test_join_shows_both_in_one_tree(lab, jaeger):
    port1, one = sdk.instrumented(lab, "s1", jaeger.endpoint)
    port2, two = sdk.instrumented(lab, "s2", jaeger.endpoint)
    start_tracer(lab, [one, two], jaeger, "--with-sdk", "join")
    ask([port1, port2], "leaf")

    def both():
        found = traces_of(jaeger, ["s1", "s2"], "leaf")
        spans = [s for t in found.values() for s in t]
        return found if len([s for s in spans if s.ours]) == 2 and len(spans) == 5 else None
    found = wait_until(both, 10, "both kinds of spans", 0.1)
    assert len(found) == 1, found
    (spans,) = found.values()
    assert whole(spans) and len([s for s in spans if s.parent is None]) == 1, spans
    call = next(s for s in spans if s.ours and s.kind == "client")
    assert next(s for s in spans if s.id == call.parent).kind == "client", "not below the SDK's span of the call"


def test_skip_shows_nothing_of_it(lab, jaeger):
    port1, one = sdk.instrumented(lab, "s1", jaeger.endpoint)
    port2, two = sdk.plain(lab, "z2")
    start_tracer(lab, [one, two], jaeger, "--with-sdk", "skip")
    ask([port2, port1], "leaf")
    wait_until(lambda: traces_of(jaeger, ["z2"], "leaf") and traces_of(jaeger, ["s1"], "leaf"), 10, "spans", 0.1)
    spans = [s for t in traces_of(jaeger, ["s1", "z2"], "leaf").values() for s in t]
    assert not [s for s in spans if s.ours and s.service == "s1"], spans


def check_own_reports(lab, reports, endpoint):
    """Once it has reported, its spans are left to it; the reports themselves are never shown."""
    port1, one = sdk.in_code(lab, "s1", reports, endpoint)
    port2, two = sdk.plain(lab, "z2")
    tracer = Tracer(lab, "--pid", one.pid, "--pid", two.pid)
    ask([port1, port2], "first")
    wait_until(lambda: f"pid {one.pid} (s1) has a tracing SDK, it sends spans" in tracer.proc.errors(), 20, "word on it")
    ask([port1, port2], "second")
    wait_until(lambda: [s for s in tracer.spans() if s.path.endswith("second")], 10, "span")
    spans = tracer.stop()
    assert all(s.path.startswith("/chain/") for s in spans), spans
    (second,) = [s for s in spans if s.path.endswith("second")]
    assert second.service == "z2" and second.kind == SERVER, second
    assert second.parent_id and second.parent_id not in {s.span_id for s in spans}, second


def test_reports_over_grpc_to_any_port(lab, jaeger):
    check_own_reports(lab, "grpc", f"http://127.0.0.1:{jaeger.otlp_grpc}")
    wait_until(lambda: traces_of(jaeger, ["s1"], "second"), 10, "spans of the SDK")


def test_reports_over_http_to_any_path(lab):
    keeper = Keeper(lab.folder)
    check_own_reports(lab, "http", f"http://127.0.0.1:{keeper.server_port}/eu/otlp/")
    assert keeper.files
    keeper.shutdown()
    keeper.server_close()
