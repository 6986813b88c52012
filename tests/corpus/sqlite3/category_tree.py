"""The tree of categories for a menu: each node asks for its children."""


def node(conn, category_id, name):
    below = conn.execute(
        "SELECT id, name FROM categories WHERE parent_id = ? ORDER BY name", (category_id,)
    ).fetchall()
    children = [node(conn, row["id"], row["name"]) for row in below]  # expect: PK101
    return {"name": name, "children": children}


def main(world):
    root = world.conn.execute("SELECT id, name FROM categories WHERE parent_id IS NULL").fetchone()
    menu = node(world.conn, root["id"], root["name"])
    assert menu["children"]
    return menu
