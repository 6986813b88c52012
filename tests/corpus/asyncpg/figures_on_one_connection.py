"""Reads four figures in one transaction. Right: they must fit together, and one connection runs one query."""

import asyncpg


async def figures(conn):
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        orders = await conn.fetchval("SELECT count(*) FROM orders")
        turnover = await conn.fetchval("SELECT sum(total) FROM orders")
        customers = await conn.fetchval("SELECT count(DISTINCT customer_id) FROM orders")
        stock = await conn.fetchval("SELECT sum(stock) FROM products")
    return orders, turnover, customers, stock


async def main(dsn):
    conn = await asyncpg.connect(dsn)
    assert (await figures(conn))[0] == 80
    await conn.close()
