"""Keeps a connection to the database and opens another when it is lost. Right: once, after a failure."""

import asyncpg


class Lasting:
    def __init__(self, dsn):
        self.dsn = dsn
        self.conn = None
        self.opened = 0

    async def fetchval(self, sql, *args):
        for _ in range(2):
            if self.conn is None or self.conn.is_closed():
                self.conn = await asyncpg.connect(self.dsn)
                self.opened += 1
            try:
                return await self.conn.fetchval(sql, *args)
            except asyncpg.PostgresConnectionError:
                self.conn = None
        raise ConnectionError(self.dsn)


async def main(world):
    lasting = Lasting(world.dsn)
    assert await lasting.fetchval("SELECT count(*) FROM orders") == 80
    await lasting.conn.close()
    assert await lasting.fetchval("SELECT max(id) FROM events") == 45
    assert lasting.opened == 2
    await lasting.conn.close()
