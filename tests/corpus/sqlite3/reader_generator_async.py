"""An async generator that reads a table in pages with sqlite3: each page holds up the event loop."""

import asyncio


async def pages(conn, size):
    last = 0
    while True:
        rows = conn.execute(  # expect: PK202
            "SELECT id, kind FROM events WHERE id > ? ORDER BY id LIMIT ?", (last, size)
        ).fetchall()
        if not rows:
            return
        yield rows
        last = rows[-1]["id"]
        await asyncio.sleep(0)


async def main(world):
    assert sum([len(page) async for page in pages(world.conn, 240)]) == 1200
