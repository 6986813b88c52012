"""A coroutine that reads its figures with sqlite3 itself: the event loop stands still for each of them.

The queries per device are one too many each, too.
"""

import asyncio


async def tick(state):
    while not state["done"]:
        state["ticks"] += 1
        await asyncio.sleep(0.001)


async def latest(conn, names):
    values = {}
    for name in names:
        row = conn.execute(  # expect: PK101, PK202
            "SELECT r.value FROM readings r JOIN devices d ON d.id = r.device_id"
            " WHERE d.name = ? ORDER BY r.taken_at DESC LIMIT 1",
            (name,),
        ).fetchone()
        values[name] = row["value"]
        await asyncio.sleep(0)
    return values


async def main(world):
    state = {"done": False, "ticks": 0}
    ticking = asyncio.create_task(tick(state))
    values = await latest(world.conn, [f"device {n}" for n in range(1, 9)])
    state["done"] = True
    await ticking
    assert len(values) == 8
