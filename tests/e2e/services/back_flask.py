# SPDX-License-Identifier: GPL-2.0-only
"""The backend of the truth runs on Flask (its own threaded server, or under gunicorn)."""
import os
import random
import time

from flask import Flask

app = Flask(__name__)
longest = float(os.environ.get("MAX_MS", 10)) / 1000


@app.route("/data/<token>")
def data(token):
    time.sleep(random.uniform(0, longest))
    return "data\n"


if __name__ == "__main__":
    app.run(port=int(os.environ["PORT"]), threaded=True)
