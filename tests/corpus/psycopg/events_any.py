"""Users behind events. Right: = ANY with an array of keys, a few hundred at a time."""


class Events:
    batch = 300

    def __init__(self, conn):
        self.conn = conn

    def users(self, ids):
        for start in range(0, len(ids), self.batch):
            part = ids[start : start + self.batch]
            yield from self.conn.execute("SELECT id, user_id FROM events WHERE id = ANY(%s)", (part,))


def main(world):
    assert len(dict(Events(world.conn).users(list(range(1, 1001))))) == 1000
