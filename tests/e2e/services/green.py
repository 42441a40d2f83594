# SPDX-License-Identifier: GPL-2.0-only
"""The front of the link tests on gevent: a greenlet for each connection, which calls the backend itself."""
from gevent import monkey

monkey.patch_all()

import os  # noqa: E402
import secrets  # noqa: E402
import urllib.request  # noqa: E402

from gevent.pywsgi import WSGIServer  # noqa: E402

truth = os.open(os.environ.get("TRUTH", "/dev/null"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)


def work(environ, start_response):
    token = secrets.token_hex(8)
    os.write(truth, f"{environ['PATH_INFO'].rsplit('/', 1)[1]} {token}\n".encode())
    with urllib.request.urlopen(f"{os.environ['BACKEND']}/data/{token}", timeout=60) as answer:
        body = answer.read()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


if __name__ == "__main__":
    WSGIServer(("127.0.0.1", int(os.environ["PORT"])), work, log=None, backlog=256).serve_forever()
