"""One query goes through psycopg's synchronous half, in a function that a coroutine calls."""

import asyncio

import asyncpg
import psycopg


def label(conn):
    return conn.execute("SELECT status FROM orders WHERE id = 7").fetchone()[0]


async def shipment(pool, conn):
    total = await pool.fetchval("SELECT total FROM orders WHERE id = $1", 7)
    return total, label(conn)  # expect: PK202


async def main(dsn):
    conn = await asyncio.to_thread(psycopg.connect, dsn, autocommit=True)
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool:
        total, _ = await shipment(pool, conn)
    conn.close()
    assert total
