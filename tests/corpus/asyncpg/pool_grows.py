"""Runs four different queries at once. Right: the pool opens as many connections as it needs."""

import asyncio

import asyncpg

QUERIES = {
    "orders": "SELECT count(*) FROM orders",
    "newest": "SELECT max(id) FROM customers",
    "stock": "SELECT sum(stock) FROM products",
    "sensors": "SELECT count(DISTINCT sensor) FROM readings",
}


async def main(dsn):
    async with asyncpg.create_pool(dsn, min_size=0, max_size=8) as pool:
        answers = await asyncio.gather(*map(pool.fetchval, QUERIES.values()))
    figures = dict(zip(QUERIES, answers, strict=True))
    assert figures["sensors"] == 4
