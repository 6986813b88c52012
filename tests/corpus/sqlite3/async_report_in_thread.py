"""A coroutine whose report is read by a worker thread. Right: the event loop goes on meanwhile."""

import asyncio
import sqlite3
from contextlib import closing


def busiest_users(path, limit):
    with closing(sqlite3.connect(path)) as conn:
        statement = "SELECT user_id, count(*) AS n FROM events GROUP BY user_id ORDER BY n DESC LIMIT ?"
        return conn.execute(statement, (limit,)).fetchall()


async def heartbeat(stop):
    beats = 0
    while not stop.is_set():
        beats += 1
        await asyncio.sleep(0.001)
    return beats


async def main(world):
    stop = asyncio.Event()
    beating = asyncio.create_task(heartbeat(stop))
    top = await asyncio.to_thread(busiest_users, world.path, 3)
    stop.set()
    await beating
    assert len(top) == 3
