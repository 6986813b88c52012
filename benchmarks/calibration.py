"""The scenario that test_calibration.py runs on both clocks: 200 items from a service 20 ms away.

An item costs the server 0.4 ms. Nothing here is about computing: up to ten requests are under way at once.
"""

import aiohttp

import perfkit
from perfkit.bench.strategies import batched, batched_concurrent, concurrent, serial
from perfkit.worlds import http

ITEMS = 200
service = http(rtt_ms=20, title="a service 20 ms away")


@service.get("/items", per_row_ms=0.4)
def items(request):
    return [int(number) * 7 for number in request.query["ids"].split(",")]


calibration = perfkit.Scenario("calibration", sizes=(ITEMS,), world=service)


async def answered(world, how, *, many, **options):
    async with aiohttp.ClientSession() as session:

        async def ask(wanted):
            numbers = wanted if many else [wanted]
            async with session.get(f"{world.url}items?ids={','.join(map(str, numbers))}") as response:
                rows = await response.json()
            return rows if many else rows[0]

        return sum(await how(ask, range(ITEMS), **options))


@calibration.strategy(name="serial", baseline=True)
async def one_by_one(world, size):
    return await answered(world, serial, many=False)


@calibration.strategy(name="batched 50")
async def in_fifties(world, size):
    return await answered(world, batched, many=True, size=50)


@calibration.strategy(name="concurrent 10")
async def ten_at_a_time(world, size):
    return await answered(world, concurrent, many=False, limit=10)


@calibration.strategy(name="batch 20, 5 at a time")
async def twenties_by_five(world, size):
    return await answered(world, batched_concurrent, many=True, size=20, limit=5)


@calibration.strategy(name="batch 50, 4 at a time")
async def fifties_by_four(world, size):
    return await answered(world, batched_concurrent, many=True, size=50, limit=4)
