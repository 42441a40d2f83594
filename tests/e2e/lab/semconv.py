# SPDX-License-Identifier: GPL-2.0-only
"""OpenTelemetry's semantic conventions 1.44 for HTTP spans and resources, as far as the tracer speaks of them.

NAME: (type, level on server spans, level on client spans); a level is
R required, C required under a condition, r recommended, o opt-in, - not defined there.
"""

STRING, INT, DOUBLE, BOOL, STRINGS = "stringValue", "intValue", "doubleValue", "boolValue", "arrayValue"

SPAN = {
    "http.request.method": (STRING, "R", "R"),
    "http.request.method_original": (STRING, "C", "C"),
    "http.response.status_code": (INT, "C", "C"),
    "http.route": (STRING, "C", "-"),
    "error.type": (STRING, "C", "C"),
    "url.path": (STRING, "R", "-"),
    "url.scheme": (STRING, "R", "o"),
    "url.query": (STRING, "C", "-"),
    "url.full": (STRING, "-", "R"),
    "server.address": (STRING, "r", "R"),
    "server.port": (INT, "C", "R"),
    "client.address": (STRING, "r", "-"),
    "network.peer.address": (STRING, "r", "r"),
    "network.peer.port": (INT, "C", "C"),
    "network.protocol.name": (STRING, "C", "C"),
    "network.protocol.version": (STRING, "r", "r"),
    "user_agent.original": (STRING, "r", "o"),
}
OWN = {  # the tracer's
    "link.method": (STRING, "R", "R"),
    "link.confidence": (DOUBLE, "R", "R"),
    "time.clamped": (BOOL, "C", "C"),
    "exchange.incomplete": (BOOL, "C", "C"),
}
RESOURCE = {
    "service.name": (STRING, "R"), "service.instance.id": (STRING, "r"),
    "telemetry.sdk.name": (STRING, "R"), "telemetry.sdk.language": (STRING, "R"), "telemetry.sdk.version": (STRING, "R"),
    "telemetry.distro.name": (STRING, "r"), "telemetry.distro.version": (STRING, "r"),
    "process.pid": (INT, "r"), "process.parent_pid": (INT, "r"), "process.creation.time": (STRING, "r"),
    "process.executable.name": (STRING, "r"), "process.executable.path": (STRING, "r"), "process.command": (STRING, "r"),
    "process.owner": (STRING, "r"), "process.runtime.name": (STRING, "r"),
    "host.name": (STRING, "r"), "host.id": (STRING, "r"), "host.arch": (STRING, "r"),
    "os.type": (STRING, "r"), "os.version": (STRING, "r"), "container.id": (STRING, "r"), "k8s.pod.uid": (STRING, "r"),
}
METHODS = {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE", "_OTHER"}


def types_of(pairs):
    """{name: (type, value)}; a name that is there twice is an error."""
    found = {}
    for pair in pairs:
        assert pair["key"] not in found, f"{pair['key']} is there twice"
        ((kind, value),) = pair["value"].items()
        found[pair["key"]] = (kind, int(value) if kind == INT else value)
    return found


def check_resource(resource):
    have = types_of(resource["attributes"])
    for name, (kind, _) in have.items():
        assert name in RESOURCE and kind == RESOURCE[name][0], f"{name} as {kind}"
    missing = [name for name, (_, level) in RESOURCE.items() if level == "R" and name not in have]
    assert not missing, missing


def check_span(span):
    side = {2: 1, 3: 2}[span["kind"]]
    table = SPAN | OWN
    have = types_of(span["attributes"])
    for name, (kind, _) in have.items():
        assert name in table, f"{name} is no attribute of the conventions"
        assert kind == table[name][0] and table[name][side] != "-", f"{name} as {kind} on kind {span['kind']}"
    value = {name: v for name, (_, v) in have.items()}
    missing = {name for name, row in table.items() if row[side] == "R" and name not in have}
    if value.get("http.request.method") == "CONNECT":
        missing -= {"url.full"}  # it asks for a host and a port
    if ":" not in value.get("network.peer.address", ":") and "network.peer.port" not in value:
        missing -= {"server.port"}  # a unix socket has none
    assert not missing, f"{missing} missing: {value}"
    check_conditions(span, value)


def check_conditions(span, value):
    method, status = value["http.request.method"], value.get("http.response.status_code")
    assert method in METHODS
    assert (method == "_OTHER") == ("http.request.method_original" in value)
    assert span["name"].split(" ")[0] == ("HTTP" if method == "_OTHER" else method)
    assert ("server.port" in value) <= ("server.address" in value)
    assert not value.get("url.query", "x").startswith("?") and "://" in value.get("url.full", "://")
    failed = span.get("status", {}).get("code") == 2
    assert failed == ("error.type" in value), value
    if status:
        assert failed >= (status >= (500 if span["kind"] == 2 else 400)), value
    assert not (failed and status and status >= 400 and value["error.type"] != str(status)), value
    assert 0 <= value["link.confidence"] <= 1
    assert span.get("status", {}).get("code") != 1, "only an application may say OK"
