"""A handler that answers with a big document, which it turns into JSON on the loop."""

import aiohttp
from aiohttp import web

from tests.corpus.mixed._serving import serving

ROWS = [{"id": n, "name": f"Row {n}", "tags": ["x", "y"], "at": n * 0.5} for n in range(200_000)]


async def export(request):
    rows = [row for row in ROWS if row["id"] >= int(request.query.get("from", 0))]
    return web.json_response(rows)  # expect: PK403


async def main(world):
    app = web.Application()
    app.router.add_get("/export", export)
    async with serving(app) as url, aiohttp.ClientSession(url) as session:
        response = await session.get("/export", params={"from": 10})
        assert len(await response.read()) > 1_000_000
