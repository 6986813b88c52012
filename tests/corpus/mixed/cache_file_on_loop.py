"""A coroutine keeps its answers in an SQLite file, with the synchronous driver."""

import asyncio
import os
import sqlite3
import tempfile

import aiohttp


class Cache:
    def __init__(self, path):
        self.conn = sqlite3.connect(path)
        self.conn.execute("CREATE TABLE answers (key TEXT PRIMARY KEY, value TEXT)")

    async def put(self, key, value):
        await asyncio.sleep(0)
        self.conn.execute("INSERT INTO answers VALUES (?, ?)", (key, value))  # expect: PK202
        self.conn.commit()


async def fetch(session, cache):
    async with session.get("/config") as response:
        name = (await response.json())["name"]
    await cache.put("config", name)
    return name


async def main(world):
    with tempfile.TemporaryDirectory() as folder:
        cache = await asyncio.to_thread(make, os.path.join(folder, "cache.sqlite3"))
        async with aiohttp.ClientSession(world.url) as session:
            assert await fetch(session, cache) == "config"
        cache.conn.close()


def make(path):
    cache = Cache(path)
    cache.conn.close()
    cache.conn = sqlite3.connect(path, check_same_thread=False)
    return cache
