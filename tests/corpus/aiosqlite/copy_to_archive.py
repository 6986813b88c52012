"""Copies events to another database. Right: blocks after the last key are read, each stored at once."""

import aiosqlite

READ = (
    "SELECT id, kind, user_id, day FROM events WHERE id > :after AND kind <> 'view' ORDER BY id LIMIT :size"
)


async def blocks(db, size):
    after = 0
    while rows := list(await db.execute_fetchall(READ, {"after": after, "size": size})):
        yield rows
        after = rows[-1][0]


async def copy(source, target):
    await target.execute("DELETE FROM events")
    async for rows in blocks(source, 150):
        await target.executemany("INSERT INTO events VALUES (?, ?, ?, ?)", rows)
    await target.commit()


async def main(world):
    async with aiosqlite.connect(world.path) as source, aiosqlite.connect(world.archive) as target:
        await copy(source, target)
        assert target.total_changes == 2000
