"""A web service of its own: one call of its handler makes a query per order."""

import aiohttp
import asyncpg
from aiohttp import web

from tests.corpus.mixed._serving import serving

LINES = "SELECT sku, quantity FROM lines WHERE order_id = $1"
POOL = web.AppKey("pool", asyncpg.Pool)


async def orders(request):
    pool = request.app[POOL]
    found = []
    for row in await pool.fetch("SELECT id, total FROM orders WHERE status = 'paid' ORDER BY id LIMIT 9"):
        lines = await pool.fetch(LINES, row["id"])  # expect: PK101
        found.append({"id": row["id"], "lines": [dict(line) for line in lines]})
    return web.json_response(found)


async def main(world):
    async with asyncpg.create_pool(world.dsn, min_size=1, max_size=2) as pool:
        app = web.Application()
        app[POOL] = pool
        app.router.add_get("/orders", orders)
        async with serving(app) as url, aiohttp.ClientSession(url) as session:
            answer = await session.get("/orders")
            assert len(await answer.json()) == 9
