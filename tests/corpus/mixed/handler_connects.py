"""A handler that connects to the database for each call; a client reads its pages."""

import aiohttp
import asyncpg
from aiohttp import web

from tests.corpus.mixed._serving import serving

DSN = web.AppKey("dsn", str)


async def events(request):
    offset = int(request.query.get("offset", 0))
    conn = await asyncpg.connect(request.app[DSN])  # expect: PK401
    try:
        rows = await conn.fetch("SELECT id, kind FROM events ORDER BY id LIMIT 10 OFFSET $1", offset)
    finally:
        await conn.close()
    return web.json_response([dict(row) for row in rows])


async def read_all(session, url):
    found = []
    while True:
        async with session.get(url, params={"offset": len(found)}) as response:
            page = await response.json()
        found += page
        if len(page) < 10:
            return found


async def main(world):
    app = web.Application()
    app[DSN] = world.dsn
    app.router.add_get("/events", events)
    async with serving(app) as url, aiohttp.ClientSession(url) as session:
        assert len(await read_all(session, "/events")) == 45
