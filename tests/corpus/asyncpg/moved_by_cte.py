"""Moves old readings away in portions. Right: each statement deletes and counts many rows."""

import asyncpg

PORTION = """
WITH gone AS (
    DELETE FROM readings
    WHERE (sensor, taken_at) IN (SELECT sensor, taken_at FROM readings ORDER BY taken_at LIMIT $1)
    RETURNING sensor
)
SELECT count(*) FROM gone
"""


async def prune(conn, portion):
    pruned = portion
    while pruned == portion:
        pruned = await conn.fetchval(PORTION, portion)


async def main(dsn):
    conn = await asyncpg.connect(dsn)
    await prune(conn, 16)
    assert await conn.fetchval("SELECT count(*) FROM readings") == 0
    await conn.close()
