"""The ten latest events of all: fetches everything and cuts the list."""

import aiosqlite


async def latest(db, count):
    async with db.execute("SELECT id, day FROM events ORDER BY id DESC") as cursor:  # expect: PK301
        return (await cursor.fetchall())[:count]


async def main(world):
    async with aiosqlite.connect(world.path) as db:
        assert [row[0] for row in await latest(db, 2)] == [1200, 1199]
