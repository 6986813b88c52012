"""Searches for each article of a list with a POST; only the text differs."""

import httpx

WANTED = ("desk lamp", "floor lamp", "candle", "torch", "chandelier")


async def search(client, text):
    response = await client.post("/search", json={"query": {"match": {"title": text}}, "size": 3})
    return response.json()["hits"]


async def main(world):
    async with httpx.AsyncClient(base_url=world.url, verify=world.tls) as client:
        await client.post("/search", json={"query": {"match_all": {}}, "size": 0})
        hits = {text: len(await search(client, text)) for text in WANTED}  # expect: PK102
    assert sum(hits.values()) == 10
