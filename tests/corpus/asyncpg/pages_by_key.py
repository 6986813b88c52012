"""Goes through all lines page by page. Right: each page starts behind the last key of the one before."""

import asyncpg

PAGE = "SELECT id, sku FROM lines WHERE id > $1 ORDER BY id LIMIT 40"


async def all_lines(pool):
    last = 0
    while True:
        rows = await pool.fetch(PAGE, last)
        for row in rows:
            yield row
        if len(rows) < 40:
            return
        last = rows[-1]["id"]


async def main(dsn):
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool:
        assert len([row async for row in all_lines(pool)]) == 160
