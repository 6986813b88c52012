"""Counts events per user, of kinds that are the same for all: = ANY stands beside the key."""

KINDS = ["view", "click"]


class Inbox:
    def __init__(self, cursor):
        self.cursor = cursor

    def unread(self, user_id, since):
        self.cursor.execute(
            "SELECT count(*) FROM events WHERE user_id = %s AND kind = ANY(%s) AND day >= %s",
            (user_id, KINDS, since),
        )
        return self.cursor.fetchone()[0]


def badges(inbox, users):
    counts = {}
    for user in users:
        counts[user] = inbox.unread(user, "2024-03-01")  # expect: PK101
    return counts


def main(world):
    with world.conn.cursor() as cursor:
        users = [row[0] for row in cursor.execute("SELECT id FROM customers WHERE plan = 'pro'").fetchall()]
        assert len(badges(Inbox(cursor), users)) == 12
