"""Counts clicks by fetching every one of them."""


class Statistics:
    def __init__(self, conn):
        self._conn = conn

    def clicks(self, since):
        statement = "SELECT id FROM events WHERE kind = 'click' AND day >= ?"
        rows = self._conn.execute(statement, (since,)).fetchall()  # expect: PK301
        return len(rows)


def main(world):
    assert Statistics(world.conn).clicks("2024-01-15") > 300
