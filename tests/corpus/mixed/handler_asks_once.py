"""A handler makes one query; a client reads five pages from it. Right: each call is a unit of its own."""

import aiohttp
import asyncpg
from aiohttp import web

from tests.corpus.mixed._serving import serving

POOL = web.AppKey("pool", asyncpg.Pool)
OF_SENSOR = "SELECT taken_at, value FROM readings WHERE sensor = $1 ORDER BY taken_at"


async def readings(request):
    sensor = int(request.query["page"]) - 1
    rows = await request.app[POOL].fetch(OF_SENSOR, sensor)
    return web.json_response({"rows": [list(row) for row in rows], "more": bool(rows)})


async def read_all(session):
    page, found = 1, []
    while True:
        async with session.get("/readings", params={"page": page}) as response:
            body = await response.json()
        found += body["rows"]
        if not body["more"]:
            return found
        page += 1


async def main(world):
    async with asyncpg.create_pool(world.dsn, min_size=1, max_size=2) as pool:
        app = web.Application()
        app[POOL] = pool
        app.router.add_get("/readings", readings)
        async with serving(app) as url, aiohttp.ClientSession(url) as session:
            assert len(await read_all(session)) == 60
