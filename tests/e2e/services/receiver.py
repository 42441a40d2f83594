# SPDX-License-Identifier: GPL-2.0-only
"""A receiver of OTLP over gRPC or HTTP, by the libraries of others, that answers by a script and then accepts everything.

PORT, PROTOCOL (grpc, http); SCRIPT: answers with commas between: an HTTP status, or the name of a gRPC status; behind
it "+2" for the seconds to wait, "@2" for the same as a date; "partial" and how many spans are rejected; hang. Each
request becomes a line on stdout: when it came (monotonic), the ids of its spans, the answer.
"""
import concurrent.futures
import email.utils
import http.server
import json
import os
import re
import time

import grpc
from google.protobuf.any_pb2 import Any
from google.rpc import code_pb2, error_details_pb2, status_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as pb
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as rpc

script = re.findall(r"([a-zA-Z_]+|\d+)([+@ ]?)(\d*)", os.environ["SCRIPT"])


def take(request):
    """Writes the request down; returns the answer to it."""
    what, how, number = script.pop(0) if script else ("ok", "", "")
    ids = [s.span_id.hex() for r in request.resource_spans for x in r.scope_spans for s in x.spans]
    print(json.dumps({"at": time.monotonic(), "ids": ids, "answer": what}), flush=True)
    if what == "hang":
        time.sleep(3600)
    return what, how, int(number or 0)


def response(what, number):
    partial = pb.ExportTracePartialSuccess(rejected_spans=number, error_message="too old")
    return pb.ExportTraceServiceResponse(partial_success=partial if what == "partial" else None)


class Service(rpc.TraceServiceServicer):
    def Export(self, request, context):
        what, how, number = take(request)
        if what in ("ok", "partial"):
            return response(what, number)
        status = status_pb2.Status(code=code_pb2.Code.Value(what), message="not now")
        if how:
            info = Any()
            info.Pack(error_details_pb2.RetryInfo(retry_delay={"seconds": number}))
            status.details.append(info)
            context.set_trailing_metadata([("grpc-status-details-bin", status.SerializeToString())])
        context.abort(getattr(grpc.StatusCode, what), "not now")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        what, how, number = take(pb.ExportTraceServiceRequest.FromString(body))
        fine = what in ("ok", "partial")
        answer = (response(what, number) if fine else status_pb2.Status(message="not now")).SerializeToString()
        self.send_response(200 if fine else int(what))
        if how == "+":
            self.send_header("Retry-After", str(number))
        if how == "@":
            self.send_header("Retry-After", email.utils.formatdate(time.time() + number, usegmt=True))
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    where = ("127.0.0.1", int(os.environ["PORT"]))
    if os.environ["PROTOCOL"] == "grpc":
        server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
        rpc.add_TraceServiceServicer_to_server(Service(), server)
        server.add_insecure_port("%s:%d" % where)
        server.start()
        server.wait_for_termination()
    http.server.ThreadingHTTPServer(where, Handler).serve_forever()
