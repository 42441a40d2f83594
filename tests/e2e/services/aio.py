# SPDX-License-Identifier: GPL-2.0-only
"""The front of the link tests on aiohttp. HOW tells who calls the backend:

direct     the task that serves                  task      a task that it starts and waits for
sequence   the same, three times in a row        thread    asyncio.to_thread
gather     three tasks at once                   executor  run_in_executor, which copies no context
group      the same, in a TaskGroup                          none      nobody

Of tasks that it starts and does not wait for yet:
one-by-one  three, awaited one after the other       crossed    two, while it calls itself, awaited the other way round
completed   as_completed()                           first      wait(FIRST_COMPLETED), until all are
shield      shield(), one of them in wait_for()      workers    two with a queue, join()
slept       three, while it sleeps                   forgotten  one that is left behind
"""
import asyncio
import os
import secrets
import urllib.request

import aiohttp
from aiohttp import web

backend = os.environ["BACKEND"]
truth = os.open(os.environ.get("TRUTH", "/dev/null"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)


def url_for(request):
    token = secrets.token_hex(8)
    os.write(truth, f"{request.match_info['id']} {token}\n".encode())
    return f"{backend}/data/{token}"


async def call(request):
    async with request.app["client"].get(url_for(request)) as answer:
        return await answer.read()


def blocking(url):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read()


async def sequence(request):
    for _ in range(3):
        await call(request)


async def group(request):
    async with asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(call(request))


async def nobody(_):
    pass


async def executor(request):
    await asyncio.get_running_loop().run_in_executor(None, blocking, url_for(request))


async def one_by_one(request):
    for task in [asyncio.create_task(call(request)) for _ in range(3)]:
        await task


async def crossed(request):
    first = asyncio.create_task(call(request))
    second = asyncio.create_task(call(request))
    await call(request)
    await second
    await first


async def completed(request):
    for done in asyncio.as_completed([call(request) for _ in range(3)]):
        await done


async def first_completed(request):
    pending = {asyncio.create_task(call(request)) for _ in range(3)}
    while pending:
        _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)


async def shielded(request):
    task = asyncio.create_task(call(request))
    await asyncio.wait_for(asyncio.shield(call(request)), 10)
    await asyncio.shield(task)


async def worker(request, jobs):
    while True:
        await jobs.get()
        await call(request)
        jobs.task_done()


async def workers(request):
    jobs = asyncio.Queue()
    for job in range(3):
        jobs.put_nowait(job)
    tasks = [asyncio.create_task(worker(request, jobs)) for _ in range(2)]
    await jobs.join()
    for task in tasks:
        task.cancel()


async def slept(request):
    tasks = [asyncio.create_task(call(request)) for _ in range(3)]
    await asyncio.sleep(0.02)
    await asyncio.gather(*tasks)

left_behind = set()


async def forgotten(request):
    task = asyncio.create_task(call(request))
    left_behind.add(task)
    task.add_done_callback(left_behind.discard)


how = {
    "one-by-one": one_by_one,
    "crossed": crossed,
    "completed": completed,
    "first": first_completed,
    "shield": shielded,
    "workers": workers,
    "slept": slept,
    "forgotten": forgotten,
    "direct": call,
    "sequence": sequence,
    "group": group,
    "gather": lambda request: asyncio.gather(*(call(request) for _ in range(3))),
    "task": lambda request: asyncio.create_task(call(request)),
    "thread": lambda request: asyncio.to_thread(blocking, url_for(request)),
    "executor": executor,
    "none": nobody,
}[os.environ.get("HOW", "direct")]


async def work(request):
    await how(request)
    return web.Response(text="ok\n")


async def client(app):
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=16)) as app["client"]:
        yield


if __name__ == "__main__":
    if os.environ.get("UVLOOP"):
        import uvloop
        uvloop.install()
    app = web.Application()
    app.cleanup_ctx.append(client)
    app.router.add_get("/work/{id}", work)
    web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]), print=None, access_log=None)
