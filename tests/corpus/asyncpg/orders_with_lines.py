"""For each order the customer and then the lines: two queries that take turns."""

import asyncpg


class Orders:
    """All that is known about orders."""

    def __init__(self, conn):
        self._conn = conn

    async def customer(self, number):
        return await self._conn.fetchval("SELECT name FROM customers WHERE id = $1", number)

    async def lines(self, number):
        return await self._conn.fetch("SELECT sku, quantity FROM lines WHERE order_id = $1", number)

    async def full(self, limit):
        for order in await self._conn.fetch("SELECT * FROM orders ORDER BY id LIMIT $1", limit):
            customer = await self.customer(order["customer_id"])  # expect: PK106
            lines = await self.lines(order["id"])
            yield order["id"], customer, lines


async def main(dsn):
    conn = await asyncpg.connect(dsn)
    found = [order async for order in Orders(conn).full(10)]
    await conn.close()
    assert len(found) == 10
