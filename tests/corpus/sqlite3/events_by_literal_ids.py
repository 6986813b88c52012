"""Users behind events, by keys written into the statement. Right: fifty at a time, the rest at last."""

from itertools import islice


class EventReader:
    batch = 50

    def __init__(self, conn):
        self.conn = conn

    def users(self, ids):
        remaining = iter(ids)
        while part := list(islice(remaining, self.batch)):
            listed = ",".join(str(int(event_id)) for event_id in part)
            yield from self.conn.execute(f"SELECT user_id FROM events WHERE id IN ({listed})").fetchall()


def main(world):
    users = {row["user_id"] for row in EventReader(world.conn).users(range(1, 231))}
    assert len(users) == 24
