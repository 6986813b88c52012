"""Finds or creates a row per word of a text: a SELECT and an INSERT in turn."""

TEXT = "cheap round green wood cotton linen blue handmade recycled vegan"


def tag_ids(conn, words):
    ids = []
    for word in words:
        row = conn.execute("SELECT id FROM tags WHERE word = ?", (word,)).fetchone()  # expect: PK106
        if row is None:
            cursor = conn.execute("INSERT INTO tags (word) VALUES (?)", (word,))
            ids.append(cursor.lastrowid)
        else:
            ids.append(row["id"])
    conn.commit()
    return ids


def main(world):
    assert len(set(tag_ids(world.conn, TEXT.split()))) == 10
