"""Stores readings with executemany. Right: one round trip for all of them."""

import asyncpg


async def store(conn, readings):
    await conn.executemany("INSERT INTO readings (sensor, taken_at, value) VALUES ($1, $2, $3)", readings)


async def main(dsn):
    conn = await asyncpg.connect(dsn)
    async with conn.transaction():
        await store(conn, [(7, second, second / 3) for second in range(200)])
    assert await conn.fetchval("SELECT count(*) FROM readings WHERE sensor = 7") == 200
    await conn.close()
