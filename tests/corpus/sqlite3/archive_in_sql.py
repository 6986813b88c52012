"""Moves old events into the audit table. Right: two statements of the database's own, one transaction."""


class Archive:
    def __init__(self, conn):
        self.conn = conn

    def move(self, before):
        with self.conn:
            copied = self.conn.execute(
                "INSERT INTO audit (actor, action) SELECT 'user ' || user_id, kind FROM events WHERE day < ?",
                (before,),
            ).rowcount
            deleted = self.conn.execute("DELETE FROM events WHERE day < ?", (before,)).rowcount
        assert copied == deleted
        return copied


def main(world):
    assert Archive(world.conn).move("2024-02-01") > 100
