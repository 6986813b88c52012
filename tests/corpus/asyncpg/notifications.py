"""Listens for notifications of new orders. Right: they come one at a time, when they come."""

import asyncio

import asyncpg


class Listener:
    def __init__(self, conn):
        self.conn = conn
        self.queue = asyncio.Queue()

    def _received(self, conn, process, channel, payload):
        self.queue.put_nowait(int(payload))

    async def orders(self):
        await self.conn.add_listener("orders", self._received)
        try:
            while True:
                yield await self.queue.get()
        finally:
            await self.conn.remove_listener("orders", self._received)


async def announce(dsn):
    conn = await asyncpg.connect(dsn)
    await asyncio.sleep(0.01)
    await conn.execute("SELECT pg_notify('orders', id::text) FROM orders ORDER BY id LIMIT 4")
    await conn.close()


async def main(dsn):
    conn = await asyncpg.connect(dsn)
    announcing, seen = asyncio.create_task(announce(dsn)), []
    orders = Listener(conn).orders()
    while len(seen) < 4:
        seen.append(await anext(orders))
    await orders.aclose()
    await announcing
    await conn.close()
    assert seen == [1, 2, 3, 4]
