"""Walks through a table in blocks. Right: each query goes on after the last key (keyset paging)."""


def walk(conn, kind, size=100):
    last = 0
    while True:
        block = conn.execute(
            "SELECT id, user_id FROM events WHERE kind = ? AND id > ? ORDER BY id LIMIT ?", (kind, last, size)
        ).fetchall()
        yield from block
        if len(block) < size:
            break
        last = block[-1]["id"]


def main(world):
    buyers = {}
    for event in walk(world.conn, "buy"):
        buyers[event["user_id"]] = buyers.get(event["user_id"], 0) + 1
    assert sum(buyers.values()) == 400
