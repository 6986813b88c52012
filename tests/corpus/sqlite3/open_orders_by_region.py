"""A dashboard of regions: counts open orders of each, with a list of states that is the same every time."""


def regions(conn):
    yield from conn.execute("SELECT id, name FROM regions ORDER BY id").fetchall()


def dashboard(conn):
    result = {}
    for region_id, name in regions(conn):
        cursor = conn.cursor()
        cursor.execute(  # expect: PK101
            """
            SELECT count(*), coalesce(sum(o.total_cents), 0)
              FROM orders o JOIN customers c ON c.id = o.customer_id
             WHERE c.region_id = ? AND o.status IN ('new', 'open')
            """,
            (region_id,),
        )
        result[name] = tuple(cursor.fetchone())
    return result


def main(world):
    return dashboard(world.conn)
