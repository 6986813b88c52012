"""Streams orders through a cursor, and asks on a second connection for the lines of each."""

import asyncpg

WEIGHT = "SELECT sum(quantity) FROM lines WHERE order_id = $1"


class Export:
    def __init__(self, reading, looking_up):
        self.reading = reading
        self.looking_up = looking_up

    async def orders(self):
        async with self.reading.transaction():
            async for order in self.reading.cursor("SELECT id, total FROM orders WHERE id <= 14 ORDER BY id"):
                yield order

    async def weight(self, order):
        return await self.looking_up.fetchval(WEIGHT, order["id"])

    async def run(self):
        total = 0
        async for order in self.orders():
            total += await self.weight(order)  # expect: PK101
        return total


async def main(dsn):
    reading, looking_up = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    assert await Export(reading, looking_up).run() == 56
    await reading.close()
    await looking_up.close()
