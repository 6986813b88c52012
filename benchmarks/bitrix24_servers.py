"""A server in a process of its own: ``python benchmarks/bitrix24_servers.py WHICH``.

It tells its port, then for each line of stdin the processor time it has used so far, in nanoseconds.
"""

import asyncio
import sys
import time

from aiohttp import web

from perfkit.worlds.bitrix24.config import TARIFFS, PortalConfig
from perfkit.worlds.bitrix24.desk import Desk
from perfkit.worlds.bitrix24.portal import Portal
from perfkit.worlds.bitrix24.server import serve

FREE = dict.fromkeys(("base_ns", "command_ns", "row_ns", "count_row_ns", "refused_ns"), 0)
LEADS = 66_667
"""As many match the report, and half as many again do not: 100,000."""

ANSWER = b'{"result":{"ID":"7","TITLE":"Lead 7"},"time":{"start":0,"finish":0,"duration":0,"processing":0}}'


async def bare(request):
    """What everybody pays for with aiohttp.web: the body is read, an answer is sent."""
    await request.read()
    return web.Response(body=ANSWER, content_type="application/json")


async def serve_bare():
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", bare)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await answer_lines(runner.addresses[0][1])
    await runner.cleanup()


async def serve_portal(front):
    config = PortalConfig(leads=LEADS, journal=1000, **FREE, **TARIFFS["own"])
    async with serve(Desk(Portal(config)), front=front) as served:
        await answer_lines(served.port)


async def answer_lines(port):
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def answer():
        if not sys.stdin.readline():
            loop.remove_reader(sys.stdin.fileno())
            ended.set()
            return
        sys.stdout.write(f"{time.process_time_ns()}\n")
        sys.stdout.flush()

    loop.add_reader(sys.stdin.fileno(), answer)
    await ended.wait()


if __name__ == "__main__":
    which = sys.argv[1]
    asyncio.run(serve_bare() if which == "bare" else serve_portal(which))
