# SPDX-License-Identifier: GPL-2.0-only
"""The service behind: answers after the time a database would take, and fails now and then if asked to.

Nothing here knows of tracing.  PORT (5001), MIN_MS (100), MAX_MS (500), FAIL (0: share of requests that fail, 0 to 1).
"""
import os
import random
import time

from flask import Flask

app = Flask(__name__)
slow = [float(os.environ.get(name, ms)) / 1000 for name, ms in (("MIN_MS", 100), ("MAX_MS", 500))]
fail = float(os.environ.get("FAIL", 0))


@app.route("/data")
def data():
    time.sleep(random.uniform(*slow))
    if random.random() < fail:
        return "the database is down\n", 500
    return "42\n"


if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", 5001)))
