# SPDX-License-Identifier: GPL-2.0-only
"""The service with the tutorial's Task 5 done: a span of its own around the query, with what a database would say of it."""
import app
from flask import request
from opentelemetry import trace

tracer = trace.get_tracer(__name__)
query = app.take_time


def simulate_database_query():
    with tracer.start_as_current_span("simulate_database_query") as span:
        span.set_attribute("db.system", "postgresql")
        span.set_attribute("db.operation", "SELECT")
        span.set_attribute("db.table", request.path.split("/")[2])
        query()


app.take_time = simulate_database_query
app.app.run(port=8082)
