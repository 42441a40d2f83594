# SPDX-License-Identifier: GPL-2.0-only
"""GET /chain/5001/5002/leaf asks the server on port 5001 for /chain/5002/leaf, and so on; whoever has no port left answers.

HAND_ON: names of headers that are copied from the request to the call, as careful programmers do by hand.
"""
import os

import requests
from flask import Flask, request

app = Flask(__name__)
hand_on = os.environ.get("HAND_ON", "").split()


@app.route("/chain/<path:rest>")
def chain(rest):
    port, _, rest = rest.partition("/")
    if not rest:
        return "end\n"
    headers = {name: request.headers[name] for name in hand_on if name in request.headers}
    return requests.get(f"http://127.0.0.1:{port}/chain/{rest}", headers=headers, timeout=60).text


if __name__ == "__main__":
    app.run(port=int(os.environ["PORT"]), threaded=True)
