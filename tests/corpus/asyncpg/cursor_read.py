"""Reads a large table through a cursor. Right: part after part, so that memory holds one part."""

import asyncpg


async def parts(conn, size=25):
    statement = await conn.prepare("SELECT id, total FROM orders ORDER BY id")
    async with conn.transaction():
        cursor = await statement.cursor()
        while rows := await cursor.fetch(size):
            yield rows


async def main(dsn):
    conn = await asyncpg.connect(dsn)
    async with conn.transaction():
        streamed = [row["id"] async for row in conn.cursor("SELECT id FROM lines", prefetch=50)]
    total = 0
    async for rows in parts(conn):
        total += sum(row["total"] for row in rows)
    await conn.close()
    assert len(streamed) == 160
    assert total == 3240
