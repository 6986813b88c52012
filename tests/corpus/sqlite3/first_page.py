"""Shows the twenty latest events: fetches all of them and cuts the list."""

PAGE_SIZE = 20


def latest_events(conn, page):
    start = (page - 1) * PAGE_SIZE
    statement = "SELECT id, kind, user_id, day FROM events ORDER BY day DESC, id DESC"
    cursor = conn.execute(statement)  # expect: PK301
    return cursor.fetchall()[start : start + PAGE_SIZE]


def main(world):
    shown = latest_events(world.conn, 1)
    assert len(shown) == PAGE_SIZE
    return [f"{event['day']} {event['kind']}" for event in shown]
