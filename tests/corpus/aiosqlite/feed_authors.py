"""A feed of posts: awaits the author of each post while the posts are read."""

import aiosqlite


async def author(db, author_id):
    async with db.execute("SELECT name FROM authors WHERE id = ?", (author_id,)) as cursor:
        return (await cursor.fetchone())[0]


async def feed(db):
    async with db.execute("SELECT title, author_id FROM posts ORDER BY published_on DESC") as posts:
        async for title, author_id in posts:
            yield f"{title} by {await author(db, author_id)}"  # expect: PK101


async def main(world):
    async with aiosqlite.connect(world.path) as db:
        assert len([line async for line in feed(db)]) == 20
