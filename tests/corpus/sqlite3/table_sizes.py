"""How full each table is. Right: a loop of different statements, none of which is there twice."""

QUESTIONS = {
    "customers": "SELECT count(*) FROM customers",
    "open orders": "SELECT count(*) FROM orders WHERE status = 'open'",
    "oldest order": "SELECT min(placed_on) FROM orders",
    "value of stock": "SELECT sum(price_cents * stock) FROM products",
    "authors without a post": "SELECT count(*) FROM authors WHERE id NOT IN (SELECT author_id FROM posts)",
}


def answers(conn):
    return {name: conn.execute(statement).fetchone()[0] for name, statement in QUESTIONS.items()}


def main(world):
    found = answers(world.conn)
    assert found["customers"] == 24
