# SPDX-License-Identifier: GPL-2.0-only
"""Gives out what a database would hold, as slowly as one would: MIN_MS (50) to MAX_MS (300).

Who asks for a user by something that is no number finds the error that this service has. Nothing here knows of tracing.
"""
import os
import random
import sys
import time
from pathlib import Path

from flask import Flask, abort

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import journal  # noqa: E402

app = Flask(__name__)
journal.keep(app, "database-service")
slow = [float(os.environ.get(name, ms)) / 1000 for name, ms in (("MIN_MS", 50), ("MAX_MS", 300))]
USERS = [{"id": 1, "name": "Alice"}, {"id": 2, "name": "Bob"}]
ORDERS = [{"id": 1, "user": 1, "item": "lamp"}, {"id": 2, "user": 2, "item": "chair"}, {"id": 3, "user": 1, "item": "desk"}]


def take_time():
    time.sleep(random.uniform(*slow))


@app.route("/health")
def health():
    return {"status": "healthy"}


@app.route("/db/users")
def users():
    take_time()
    return USERS


@app.route("/db/users/<number>")
def user(number):
    take_time()
    return next((u for u in USERS if u["id"] == int(number)), None) or abort(404)


@app.route("/db/orders")
def orders():
    take_time()
    return ORDERS


if __name__ == "__main__":
    app.run(port=8082)
