# SPDX-License-Identifier: GPL-2.0-only
"""The rules of the business: who the users are, what they ordered. Nothing here knows of tracing."""
import os
import sys
from pathlib import Path

import requests
from flask import Flask, abort

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import journal  # noqa: E402

app = Flask(__name__)
journal.keep(app, "backend")
database = os.environ.get("DATABASE", "http://localhost:8082")


def query(what):
    answer = requests.get(f"{database}/db/{what}", headers=journal.headers(), timeout=30)
    if answer.status_code != 200:
        journal.say(f"the database answers {answer.status_code} to {what}")
        abort(answer.status_code if answer.status_code < 500 else 502)
    return answer.json()


@app.route("/health")
def health():
    return {"status": "healthy"}


@app.route("/users")
def users():
    return query("users")


@app.route("/users/<number>")
def user(number):
    return query(f"users/{number}")


@app.route("/orders")
def orders():
    """An order has the name of who made it, which takes a second query."""
    names = {u["id"]: u["name"] for u in query("users")}
    return [{**order, "user": names[order["user"]]} for order in query("orders")]


if __name__ == "__main__":
    app.run(port=8081)
