"""A scenario whose strategies show what a fresh process is like, and go wrong in every way."""

import asyncio
import functools
import locale
import os
import signal
import time

from aiohttp import ClientSession, web

import perfkit
from perfkit.worlds import WebWorld


def app(size):
    async def item(request):
        return web.json_response(int(request.match_info["id"]))

    application = web.Application()
    application.router.add_get("/items/{id}", item)
    return application


service = perfkit.Scenario("service", sizes=(3, 6), world=WebWorld(app, rtt_ms=10.0))


@functools.cache
def slow_at_first():
    return sum(number for number in range(100))


async def get(session, world, item):
    async with session.get(f"{world.url}items/{item}") as answer:
        return await answer.json()


@service.strategy(baseline=True)
async def serial(world, size):
    slow_at_first()
    async with ClientSession() as session:
        return [await get(session, world, item) for item in range(size)]


@service.strategy
async def fails(world, size):
    async with ClientSession() as session:
        await get(session, world, 1)
    raise ValueError("no such item")


@service.strategy
async def waits(world, size):
    async with ClientSession() as session:
        await get(session, world, 1)
        await asyncio.get_running_loop().create_future()


@service.strategy
async def dies(world, size):
    os.kill(os.getpid(), signal.SIGKILL)


@service.strategy
async def hangs(world, size):
    while True:
        pass


@service.strategy(needs="no_such_package_at_all")
async def lacks(world, size):
    return None


@service.strategy
async def tells(world, size):
    state = (hash("x"), locale.setlocale(locale.LC_CTYPE), time.tzname[0], "HTTPS_PROXY" in os.environ)
    world.figures["hash_is_fixed"] = 1.0
    raise ValueError(repr(state))
