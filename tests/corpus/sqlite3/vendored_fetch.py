"""Titles for a feed: the helper that is called for each comment comes from an installed package."""

from tests.corpus._vendored import load

dbkit = load()

TITLE = "SELECT title FROM posts WHERE id = ?"


def feed(conn, author_id):
    comments = conn.execute(
        "SELECT post_id, body FROM comments WHERE author_id = ? ORDER BY id DESC", (author_id,)
    ).fetchall()
    entries = []
    for comment in comments:
        post = dbkit.fetch_one(conn, TITLE, (comment["post_id"],))  # expect: PK101
        entries.append((post["title"], comment["body"]))
    return entries


def main(world):
    assert len(feed(world.conn, 3)) > 3
