"""The front page. Right: two different questions at the same time, on two connections."""

import asyncio

import aiosqlite


async def newest(db):
    return await db.execute_fetchall("SELECT title FROM posts ORDER BY published_on DESC LIMIT 3")


async def busiest(db):
    statement = "SELECT author_id, count(*) AS n FROM comments GROUP BY author_id ORDER BY n DESC LIMIT 3"
    return await db.execute_fetchall(statement)


async def main(world):
    async with aiosqlite.connect(world.path) as one, aiosqlite.connect(world.path) as other:
        titles, authors = await asyncio.gather(newest(one), busiest(other))
        assert len(titles) == len(authors) == 3
