# SPDX-License-Identifier: GPL-2.0-only
"""The front of the link tests on trio and Hypercorn. HOW tells who calls the backend: the request's own task, twice
(sequence), or three tasks in a nursery of its own (nursery).
"""
import os
import secrets

import httpx
import trio
from hypercorn.config import Config
from hypercorn.trio import serve

truth = os.open(os.environ.get("TRUTH", "/dev/null"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
client = httpx.AsyncClient(limits=httpx.Limits(max_connections=16), timeout=60)


async def call(request):
    token = secrets.token_hex(8)
    os.write(truth, f"{request} {token}\n".encode())
    await client.get(f"{os.environ['BACKEND']}/data/{token}")


async def sequence(request):
    for _ in range(2):
        await call(request)


async def nursery(request):
    async with trio.open_nursery() as tasks:
        for _ in range(3):
            tasks.start_soon(call, request)


async def started(receive, send):
    for _ in range(2):
        message = await receive()
        await send({"type": message["type"] + ".complete"})


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await started(receive, send)
        return
    await {"sequence": sequence, "nursery": nursery}[os.environ["HOW"]](scope["path"].rsplit("/", 1)[1])
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"3")]})
    await send({"type": "http.response.body", "body": b"ok\n"})


if __name__ == "__main__":
    config = Config()
    config.bind = [f"127.0.0.1:{os.environ['PORT']}"]
    trio.run(serve, app, config)
