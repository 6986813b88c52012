"""Answers messages in a coroutine with the driver's sync half: the event loop waits for the server."""

import asyncio

MESSAGES = [("price", "SKU-0004"), ("orders", 7), ("stock", "SKU-0009")]

QUERIES = {
    "price": "SELECT price_cents FROM products WHERE sku = %s",
    "stock": "SELECT stock FROM products WHERE sku = %s",
    "orders": "SELECT count(*) FROM orders WHERE customer_id = %s",
}


class Handler:
    def __init__(self, conn):
        self.conn = conn
        self.sent = []

    async def on_message(self, kind, key):
        row = self.conn.execute(QUERIES[kind], (key,)).fetchone()  # expect: PK202
        await self.send({kind: row[0]})

    async def send(self, message):
        await asyncio.sleep(0)
        self.sent.append(message)


async def main(world):
    handler = Handler(world.conn)
    async with asyncio.TaskGroup() as tasks:
        for kind, key in MESSAGES:
            tasks.create_task(handler.on_message(kind, key))
    assert len(handler.sent) == 3
