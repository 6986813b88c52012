"""A scenario with queries, refusals and memory, for tests of targets."""

from contextlib import closing

from aiohttp import ClientSession

import perfkit
from perfkit.worlds import Together, http
from perfkit.worlds.database import Dataset, Sqlite, Table

RTT_MS = 20.0
HELD_BYTES = 1_000_000
web = http(rtt_ms=RTT_MS)


@web.get("/orders/{id}")
def order(request):
    number = request.path["id"]
    return int(number) * 7 if number.isdigit() else (500, {"error": "no number"})


def load(size, seed):
    columns = {"id": "bigint PRIMARY KEY", "price": "bigint NOT NULL"}
    return Dataset([Table("orders", columns, lambda: [(number, number * 7) for number in range(size)])])


office = perfkit.Scenario(
    "office",
    sizes=(10, 20),
    unit="orders",
    world=Together(database=Sqlite(load, rtt_ms=RTT_MS), web=web),
)


@office.strategy(baseline=True)
async def serial(world, size):
    async with ClientSession() as session:
        return [await get(session, world, number) for number in range(size)]


@office.strategy
async def refused(world, size):
    """Asks for one more, which the server fails at."""
    async with ClientSession() as session:
        await get(session, world, "x")
        return [await get(session, world, number) for number in range(size)]


@office.strategy
async def holding(world, size):
    held = bytearray(HELD_BYTES)
    async with ClientSession() as session:
        return [await get(session, world, number) for number in range(size)][: len(held)]


@office.strategy(group="database", name="stored")
def stored(world, size):
    with closing(world["database"].connect()) as db:
        return [db.execute("SELECT price FROM orders WHERE id = ?", (n,)).fetchone()[0] for n in range(size)]


@office.strategy
async def raises(world, size):
    async with ClientSession() as session:
        await get(session, world, "x")
    raise ValueError("no such order")


async def get(session, world, number):
    async with session.get(f"{world['web'].url}orders/{number}") as answer:
        return await answer.json() if answer.status == 200 else None
