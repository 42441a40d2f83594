# SPDX-License-Identifier: GPL-2.0-only
"""The front of the link tests on Tornado, which calls with its own client. HOW: one call (direct), or three at once
(gather).
"""
import asyncio
import os
import secrets

import tornado.httpclient
import tornado.web

backend = os.environ["BACKEND"]
truth = os.open(os.environ["TRUTH"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
tornado.httpclient.AsyncHTTPClient.configure(None, max_clients=16)


def call(request):
    token = secrets.token_hex(8)
    os.write(truth, f"{request} {token}\n".encode())
    return tornado.httpclient.AsyncHTTPClient().fetch(f"{backend}/data/{token}")


class Work(tornado.web.RequestHandler):
    async def get(self, request):
        if os.environ["HOW"] == "gather":
            await asyncio.gather(*(call(request) for _ in range(3)))
        else:
            await call(request)
        self.write("ok\n")


async def main():
    tornado.web.Application([("/work/(.*)", Work)]).listen(int(os.environ["PORT"]), "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
