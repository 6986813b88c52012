"""Writes a list of actions to the audit table; commits after each of them."""


class AuditTrail:
    def __init__(self, conn):
        self.conn = conn

    def record(self, actor, action):
        with self.conn:
            self.conn.execute("INSERT INTO audit (actor, action) VALUES (?, ?)", (actor, action))


def close_accounts(trail, names):
    for name in names:
        trail.record("system", f"closed {name}")  # expect: PK105


def main(world):
    close_accounts(AuditTrail(world.conn), [f"customer {n}" for n in range(12)])
    (count,) = world.conn.execute("SELECT count(*) FROM audit").fetchone()
    assert count == 12
