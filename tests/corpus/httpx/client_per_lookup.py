"""Looks up each postal address with a new client: nothing is kept open between the calls."""

import httpx

ADDRESSES = ["Rua do Arsenal 9", "Herrengasse 4", "Kungsgatan 30", "Brīvības iela 7"]


async def geocode(base, tls, address):
    async with httpx.AsyncClient(base_url=base, verify=tls) as client:
        response = await client.get("/geocode", params={"q": address})  # expect: PK401
    return response.json()["value"]


async def main(world):
    places = {}
    for address in ADDRESSES:
        places[address] = await geocode(world.url, world.tls, address)  # expect: PK102
    assert len(places) == 4
