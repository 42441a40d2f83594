# SPDX-License-Identifier: GPL-2.0-only
"""A Flask service that says hello, or what BACKEND says."""

import os

import flask
import requests

BACKEND = os.environ.get("BACKEND")
app = flask.Flask(__name__)


@app.get("/")
def hello():
    return requests.get(BACKEND, timeout=60).text if BACKEND else "hello\n"
