# SPDX-License-Identifier: GPL-2.0-only
"""The service behind with the tutorial's first challenge done: a span of its own around what is slow in it."""
import time

from flask import Flask
from opentelemetry import trace

app = Flask(__name__)
tracer = trace.get_tracer(__name__)


@app.route("/data")
def data():
    with tracer.start_as_current_span("heavy_calc"):
        time.sleep(0.1)
    return "42\n"


if __name__ == "__main__":
    app.run(port=5001)
