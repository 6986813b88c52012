"""A gateway that answers one call after three others, which it makes one after another."""

import aiohttp
from aiohttp import web

from tests.corpus.mixed._serving import serving

SESSION = web.AppKey("session", aiohttp.ClientSession)


async def upstream(session, path):
    async with session.get(path) as response:
        answer = await response.json()
    return answer.get("value", answer)


async def product_page(request):
    session = request.app[SESSION]
    sku = request.match_info["sku"]
    price = await upstream(session, f"/prices/{sku}")  # expect: PK201
    stock = await upstream(session, f"/stock/{sku}")
    reviews = await upstream(session, f"/reviews/{sku}")
    return web.json_response({"price": price, "stock": stock, "reviews": reviews})


def application(session):
    app = web.Application()
    app[SESSION] = session
    app.router.add_get("/products/{sku}", product_page)
    return app


async def main(world):
    async with aiohttp.ClientSession(world.url) as session, serving(application(session)) as url:
        page = await upstream(session, f"{url}/products/SKU-1")
    assert page == {"price": 7, "stock": 7, "reviews": 7}
