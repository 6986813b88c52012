"""A helper that connects for every query; the pages of a list all go through it."""

import asyncpg

PAGE = "SELECT id, total FROM orders WHERE id > $1 ORDER BY id LIMIT $2"


async def query(dsn, sql, *args):
    conn = await asyncpg.connect(dsn)  # expect: PK401
    try:
        return await conn.fetch(sql, *args)
    finally:
        await conn.close()


async def pages(dsn, size=20):
    last = 0
    while rows := await query(dsn, PAGE, last, size):
        yield rows
        last = rows[-1]["id"]


async def main(dsn):
    assert sum([len(page) async for page in pages(dsn)]) == 80
