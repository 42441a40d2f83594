# SPDX-License-Identifier: GPL-2.0-only
"""The service in front: asks service-b and passes on what it says.

Nothing here knows of tracing.  PORT (5000), BACKEND (http://127.0.0.1:5001).
"""
import os

import requests
from flask import Flask

app = Flask(__name__)
backend = os.environ.get("BACKEND", "http://127.0.0.1:5001")


@app.route("/")
def home():
    answer = requests.get(f"{backend}/data", timeout=10)
    return f"service-b says: {answer.text}", answer.status_code


if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", 5000)))
