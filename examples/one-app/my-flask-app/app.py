# SPDX-License-Identifier: GPL-2.0-only
"""One Flask application. Nothing here knows of tracing."""
import os

from flask import Flask

app = Flask(__name__)


@app.route("/")
def hello():
    return "Hello from my-flask-app\n"


if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", 5000)))
