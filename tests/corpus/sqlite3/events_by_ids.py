"""Loads events by their keys. Right: in chunks of 500, as many as a statement may have placeholders."""

CHUNK = 500


def chunks(values, size):
    for start in range(0, len(values), size):
        yield values[start : start + size]


def events_by_ids(conn, ids):
    found = {}
    for chunk in chunks(ids, CHUNK):
        marks = ", ".join("?" for _ in chunk)
        for event in conn.execute(f"SELECT id, kind FROM events WHERE id IN ({marks})", chunk):
            found[event["id"]] = event["kind"]
    return found


def main(world):
    assert len(events_by_ids(world.conn, list(range(1, 1201)))) == 1200
