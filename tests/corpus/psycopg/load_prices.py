"""Takes a price list over. Right: COPY into a table, one UPDATE from it; new tags by executemany."""


def load(conn, prices):
    with conn.transaction(), conn.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE incoming (sku text, cents int) ON COMMIT DROP")
        with cursor.copy("COPY incoming FROM STDIN") as copy:
            for row in prices.items():
                copy.write_row(row)
        cursor.execute("UPDATE products p SET price_cents = i.cents FROM incoming i WHERE i.sku = p.sku")
        return cursor.rowcount


def tag(conn, words):
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO tags (word) VALUES (%s) ON CONFLICT DO NOTHING", [(word,) for word in words]
        )
    conn.commit()


def main(world):
    assert load(world.conn, {f"SKU-{n:04}": n for n in range(1, 31)}) == 30
    tag(world.conn, ["oak", "ash", "red", "elm"])
