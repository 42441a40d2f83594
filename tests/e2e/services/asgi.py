# SPDX-License-Identifier: GPL-2.0-only
"""The front of the link tests on FastAPI and uvicorn. HOW tells who calls the backend: the endpoint's own coroutine
(direct), three tasks at once (gather), or awaited one by one (one-by-one), an endpoint that is no coroutine, in a thread (sync), or what yields the parts of
a response while that is sent, below a middleware (stream): both start it in a task group of anyio's.
"""
import asyncio
import os
import secrets

import httpx
import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

backend = os.environ["BACKEND"]
truth = os.open(os.environ.get("TRUTH", "/dev/null"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
app = FastAPI()
limits = httpx.Limits(max_connections=32)
client = httpx.AsyncClient(limits=limits, timeout=60)
blocking_client = httpx.Client(limits=limits, timeout=60)


def url_for(request):
    token = secrets.token_hex(8)
    os.write(truth, f"{request} {token}\n".encode())
    return f"{backend}/data/{token}"


async def direct(request: str):
    await client.get(url_for(request))


async def gather(request: str):
    await asyncio.gather(*(client.get(url_for(request)) for _ in range(3)))


async def one_by_one(request: str):
    for task in [asyncio.create_task(client.get(url_for(request))) for _ in range(3)]:
        await task


def sync(request: str):
    blocking_client.get(url_for(request))


async def parts(request):
    for _ in range(2):
        yield "part\n"
        await direct(request)


async def stream(request: str):
    await direct(request)
    return StreamingResponse(parts(request))


async def pass_through(request, call_next):
    return await call_next(request)

how = os.environ.get("HOW", "direct")
app.get("/work/{request}")({"direct": direct, "gather": gather, "sync": sync, "stream": stream,
                             "one-by-one": one_by_one}[how])
if how == "stream":
    app.middleware("http")(pass_through)

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="error",
                loop="uvloop" if os.environ.get("UVLOOP") else "asyncio")
