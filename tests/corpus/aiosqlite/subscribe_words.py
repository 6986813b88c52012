"""Stores words that are not there yet: a check and an INSERT for each of them."""

import aiosqlite


class Words:
    def __init__(self, db):
        self.db = db

    async def knows(self, word):
        async with self.db.execute("SELECT 1 FROM tags WHERE word = ?", (word,)) as cursor:
            return await cursor.fetchone() is not None

    async def add(self, word):
        await self.db.execute("INSERT INTO tags (word) VALUES (?)", (word,))


async def store(words, new):
    for word in new:
        if not await words.knows(word):  # expect: PK106
            await words.add(word)


async def main(world):
    async with aiosqlite.connect(world.path) as db:
        await store(Words(db), ["oak", "ash", "elm", "fir", "yew"])
        await db.commit()
