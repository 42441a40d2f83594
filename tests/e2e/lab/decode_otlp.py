# SPDX-License-Identifier: GPL-2.0-only
"""Run by OpenTelemetry's own Python: decodes export requests with its protobuf classes and prints them as OTLP/JSON.

Each file named is one request. What it does not know, or would write otherwise, is an error: then the bytes are not
those of the specification.
"""
import base64
import json
import sys
from pathlib import Path

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

IDS = {"traceId", "spanId", "parentSpanId"}


def with_hex_ids(value):
    if isinstance(value, list):
        return [with_hex_ids(v) for v in value]
    if not isinstance(value, dict):
        return value
    return {k: base64.b64decode(v).hex() if k in IDS else with_hex_ids(v) for k, v in value.items()}


for path in sys.argv[1:]:
    data = Path(path).read_bytes()
    request = ExportTraceServiceRequest.FromString(data)
    if request.SerializeToString(deterministic=True) != data:
        sys.exit(f"{path}: it would be written otherwise")
    print(json.dumps(with_hex_ids(json_format.MessageToDict(request, use_integers_for_enums=True))))
