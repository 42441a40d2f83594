# SPDX-License-Identifier: GPL-2.0-only
"""The entry: passes on what the backend says. Nothing here knows of tracing."""
import os
import sys
from pathlib import Path

import requests
from flask import Flask

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import journal  # noqa: E402

app = Flask(__name__)
journal.keep(app, "frontend")
backend = os.environ.get("BACKEND", "http://localhost:8081")


@app.route("/health")
def health():
    return {"status": "healthy"}


@app.route("/api/<path:what>")
def api(what):
    answer = requests.get(f"{backend}/{what}", headers=journal.headers(), timeout=30)
    return answer.content, answer.status_code, {"Content-Type": answer.headers["Content-Type"]}


if __name__ == "__main__":
    app.run(port=8080)
