# SPDX-License-Identifier: GPL-2.0-only
"""chain.py with OpenTelemetry's SDK in its code, as many write it: nothing outside of the process shows that it is there.

REPORTS: the exporter's class, by module ("grpc" or "http").
"""
import importlib
import os

from opentelemetry import trace
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

import chain

exporter = importlib.import_module(f"opentelemetry.exporter.otlp.proto.{os.environ['REPORTS']}.trace_exporter")
provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(exporter.OTLPSpanExporter(), schedule_delay_millis=100))
trace.set_tracer_provider(provider)
FlaskInstrumentor().instrument_app(chain.app)
RequestsInstrumentor().instrument()
chain.app.run(port=int(os.environ["PORT"]), threaded=True)
