"""A web service of its own. Right: its handler asks the database once, with a join."""

import aiohttp
import asyncpg
from aiohttp import web

from tests.corpus.mixed._serving import serving

POOL = web.AppKey("pool", asyncpg.Pool)
ORDERS = """
SELECT orders.id, json_agg(json_build_object('sku', sku, 'quantity', quantity)) AS lines
FROM orders JOIN lines ON lines.order_id = orders.id
WHERE status = 'paid' GROUP BY orders.id ORDER BY orders.id LIMIT 9
"""


async def orders(request):
    rows = await request.app[POOL].fetch(ORDERS)
    return web.json_response([dict(row) for row in rows])


async def main(world):
    async with asyncpg.create_pool(world.dsn, min_size=1, max_size=2) as pool:
        app = web.Application()
        app[POOL] = pool
        app.router.add_get("/orders", orders)
        async with serving(app) as url, aiohttp.ClientSession(url) as session:
            answer = await session.get("/orders")
            assert len(await answer.json()) == 9
