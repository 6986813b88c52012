"""A feed of posts. Right: a join, and the comments of all posts by one query, put together in memory."""

from collections import defaultdict

import aiosqlite


async def comments_of(db, post_ids):
    found = defaultdict(list)
    marks = ",".join("?" * len(post_ids))
    async with db.execute(f"SELECT post_id, body FROM comments WHERE post_id IN ({marks})", post_ids) as rows:
        async for post_id, body in rows:
            found[post_id].append(body)
    return found


async def feed(db, limit):
    joined = "SELECT p.id, p.title, a.name FROM posts p JOIN authors a ON a.id = p.author_id ORDER BY p.id"
    posts = await db.execute_fetchall(f"{joined} LIMIT ?", (limit,))
    comments = await comments_of(db, [post[0] for post in posts])
    return [(title, name, comments[post_id]) for post_id, title, name in posts]


async def main(world):
    async with aiosqlite.connect(world.path) as db:
        assert len(await feed(db, 12)) == 12
