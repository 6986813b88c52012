"""The five latest buyers: fetches all rows, sorts them here, and keeps five."""


def latest_buyers(conn, count=5):
    rows = conn.execute("SELECT user_id, day, id FROM events WHERE kind = 'buy'").fetchall()  # expect: PK301
    newest = sorted(rows, key=lambda row: (row["day"], row["id"]), reverse=True)[:count]
    return [row["user_id"] for row in newest]


def main(world):
    assert len(latest_buyers(world.conn)) == 5
