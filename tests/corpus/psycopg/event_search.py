"""How often something happened, and a preview of it: both from the list of all rows."""

from psycopg.rows import dict_row


def search(conn, kind):
    with conn.cursor(row_factory=dict_row) as cursor:
        cursor.execute(  # expect: PK301
            "SELECT id, user_id, day FROM events WHERE kind = %s ORDER BY day DESC", [kind]
        )
        return cursor.fetchall()[:10]


def count(conn, user_ids):
    rows = conn.execute(  # expect: PK301
        "SELECT * FROM events WHERE user_id = ANY(%s)", (user_ids,)
    ).fetchall()
    return len(rows)


def main(world):
    assert len(search(world.conn, "buy")) == 10
    assert count(world.conn, [1, 2, 3]) == 150
