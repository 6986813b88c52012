"""Stores the readings of a sensor with one INSERT per reading."""

import math

import asyncpg

INSERT = "INSERT INTO readings (sensor, taken_at, value) VALUES ($1, $2, $3)"


def readings(sensor, count):
    for second in range(count):
        yield sensor, 1000 + second, math.sin(second)


async def main(dsn):
    conn = await asyncpg.connect(dsn)
    async with conn.transaction():
        for reading in readings(9, 15):
            await conn.execute(INSERT, *reading)  # expect: PK105
    assert await conn.fetchval("SELECT count(*) FROM readings WHERE sensor = 9") == 15
    await conn.close()
