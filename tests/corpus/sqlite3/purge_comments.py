"""Moderation: deletes comments that contain a word, each by a statement of its own."""

BLOCKED = ("1", "7")


def is_spam(body):
    return any(body.endswith(word) for word in BLOCKED)


def delete(conn, comment_id):
    conn.execute("DELETE FROM comments WHERE id = ?", (comment_id,))


def purge(conn):
    comments = conn.execute("SELECT id, body FROM comments").fetchall()
    doomed = [comment["id"] for comment in comments if is_spam(comment["body"])]
    [delete(conn, comment_id) for comment_id in doomed]  # expect: PK105
    conn.commit()
    return len(doomed)


def main(world):
    assert purge(world.conn) == 12
