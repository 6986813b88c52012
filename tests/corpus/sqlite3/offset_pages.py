"""Sends events to an archive page by page. Right: the last page ends it, and nothing is read twice."""

PAGE = 300


def pages(conn):
    offset = 0
    while True:
        rows = conn.execute(
            "SELECT id, kind, day FROM events ORDER BY id LIMIT ? OFFSET ?", (PAGE, offset)
        ).fetchall()
        if not rows:
            return
        yield rows
        offset += PAGE


def archive(conn, send):
    return sum(send(page) for page in pages(conn))


def main(world):
    assert archive(world.conn, len) == 1200
