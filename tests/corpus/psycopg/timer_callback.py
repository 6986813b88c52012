"""A periodic task of an asynchronous program counts with the driver's sync half."""

import asyncio


class Gauge:
    def __init__(self, conn):
        self.conn = conn
        self.values = []

    async def measure(self):
        row = self.conn.execute("SELECT count(*) FROM orders").fetchone()  # expect: PK202
        self.values.append(row[0])

    async def run(self):
        await asyncio.sleep(0.005)
        await self.measure()


async def main(world):
    gauge = Gauge(world.conn)
    await asyncio.gather(gauge.run(), asyncio.sleep(0.01))
    assert gauge.values
