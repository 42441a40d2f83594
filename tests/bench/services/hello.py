# SPDX-License-Identifier: GPL-2.0-only
"""A Flask service that says hello, or what BACKEND says; LINE: and writes a line each time."""

import os

import flask
import requests

BACKEND = os.environ.get("BACKEND")
LINE = os.environ.get("LINE")
app = flask.Flask(__name__)


@app.get("/")
def hello():
    if LINE:
        print(LINE, flush=True)
    return requests.get(BACKEND, timeout=60).text if BACKEND else "hello\n"
