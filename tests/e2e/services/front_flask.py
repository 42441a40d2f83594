# SPDX-License-Identifier: GPL-2.0-only
"""The front of the truth runs on Flask (its own threaded server, or under gunicorn).

Each request calls the backend with a token that is drawn at random and written down only here, so that nothing on
the wire tells which request a backend call belongs to.
"""
import os
import secrets
import time

import requests
from flask import Flask, Response

app = Flask(__name__)
backend = os.environ["BACKEND"]
truth = os.open(f"{os.environ.get('TRUTH', '/dev/null')}", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
# SESSION=1: backend connections are pooled and wander from thread to thread.
client = requests.Session() if os.environ.get("SESSION") else requests


@app.route("/work/<request>")
def work(request):
    token = secrets.token_hex(8)
    os.write(truth, f"{request} {token}\n".encode())
    answer = client.get(f"{backend}/data/{token}", timeout=60)
    return answer.text, answer.status_code


@app.route("/")
def home():
    return "ok\n"


@app.route("/stream/<seconds>")
def stream(seconds):
    def parts():
        yield client.get(f"{backend}/data/stream", timeout=60).text
        for _ in range(int(float(seconds) * 10)):
            time.sleep(0.1)
            yield "."
    return Response(parts())


if __name__ == "__main__":
    app.run(port=int(os.environ["PORT"]), threaded=True)
