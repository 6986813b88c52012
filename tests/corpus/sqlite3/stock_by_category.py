"""Totals per category. Right: the database groups, and names are matched from a second query in memory."""

from collections import defaultdict


def totals(conn):
    sums = conn.execute(
        "SELECT category_id, sum(stock * price_cents) AS value FROM products GROUP BY category_id"
    )
    names = {row["id"]: row["name"] for row in conn.execute("SELECT id, name FROM categories").fetchall()}
    return {names[row["category_id"]]: row["value"] for row in sums}


def grouped_posts(conn):
    comments = defaultdict(list)
    for comment in conn.execute("SELECT post_id, body FROM comments").fetchall():
        comments[comment["post_id"]].append(comment["body"])
    for post in conn.execute("SELECT id, title FROM posts").fetchall():
        for body in comments[post["id"]]:
            yield post["title"], body


def main(world):
    assert totals(world.conn)
    assert len(list(grouped_posts(world.conn))) == 60
