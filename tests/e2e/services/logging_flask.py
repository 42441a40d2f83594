# SPDX-License-Identifier: GPL-2.0-only
"""A shop on Flask that says what it does: on stdout as it comes, on stderr by logging; FLOOD threads write on and on."""
import logging
import os
import sys
import threading

from flask import Flask

app = Flask(__name__)
logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")


@app.route("/buy/<item>")
def buy(item):
    print("sold", item, flush=True)
    app.logger.warning("few left of %s", item)
    app.logger.error("none left of %s", item)
    return "ok\n"


@app.route("/bytes/<item>")
def some_bytes(item):
    os.write(1, b"\xff\x1b[31m" + item.encode() + b"\x00 no end ")
    os.writev(1, [b"of ", b"line", b"\n"])
    return "ok\n"


def flood():
    sink = os.open("/dev/null", os.O_WRONLY)
    os.dup2(sink, 1)
    while True:
        os.write(1, b"x" * 200 + b"\n")


for _ in range(int(os.environ.get("FLOOD", "0"))):
    threading.Thread(target=flood, daemon=True).start()

if __name__ == "__main__":
    sys.exit(app.run(port=int(os.environ["PORT"]), threaded=True))
