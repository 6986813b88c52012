"""Answers requests with a pool. Right: its connections are opened once, and each request asks two things."""

from psycopg_pool import ConnectionPool


def profile(pool, customer_id):
    with pool.connection() as conn:
        name, plan = conn.execute("SELECT name, plan FROM customers WHERE id = %s", (customer_id,)).fetchone()
        (orders,) = conn.execute(
            "SELECT count(*) FROM orders WHERE customer_id = %s", (customer_id,)
        ).fetchone()
    return f"{name} ({plan}): {orders}"


def search(pool, text):
    with pool.connection() as conn:
        return conn.execute(
            "SELECT id FROM products WHERE name LIKE %s ORDER BY id LIMIT 5", (text,)
        ).fetchall()


def main(world):
    with ConnectionPool(world.dsn, min_size=4, max_size=4, open=False, kwargs={"autocommit": True}) as pool:
        pool.wait()
        assert profile(pool, 8).startswith("customer 8")
        assert len(search(pool, "product 1%")) == 5
