"""A list of posts that asks for the author of each one while somebody iterates over it."""


class Posts:
    def __init__(self, conn):
        self.conn = conn

    def author(self, author_id):
        return self.conn.execute("SELECT name FROM authors WHERE id = ?", (author_id,)).fetchone()["name"]

    def __iter__(self):
        for post in self.conn.execute("SELECT id, author_id, title FROM posts ORDER BY id").fetchall():
            author = self.author(post["author_id"])  # expect: PK101
            yield f"{post['title']} by {author}"


def page(posts):
    return "<ul>" + "".join(f"<li>{line}</li>" for line in posts) + "</ul>"


def main(world):
    return page(Posts(world.conn))
