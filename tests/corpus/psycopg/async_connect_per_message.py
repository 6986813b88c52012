"""A consumer of messages that connects for each one, with the driver's async half."""

import psycopg

QUERIES = [
    "SELECT count(*) FROM orders",
    "SELECT max(price_cents) FROM products",
    "SELECT min(day) FROM events",
]


async def answer(dsn, statement):
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as conn:  # expect: PK401
        cursor = await conn.execute(statement)
        return (await cursor.fetchone())[0]


async def consume(dsn, messages):
    for message in messages:
        yield await answer(dsn, message)


async def main(world):
    assert len([value async for value in consume(world.dsn, QUERIES)]) == 3
