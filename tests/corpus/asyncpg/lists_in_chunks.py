"""Loads products by their numbers. Right: in lists of ten, which are few round trips."""

import asyncpg


def chunks(values, size):
    return (values[start : start + size] for start in range(0, len(values), size))


async def products(conn, skus):
    for chunk in chunks(skus, 10):
        for row in await conn.fetch("SELECT sku, name FROM products WHERE sku = ANY($1)", chunk):
            yield row["sku"], row["name"]


async def main(dsn):
    conn = await asyncpg.connect(dsn)
    found = {sku: name async for sku, name in products(conn, [f"SKU-{n}" for n in range(1, 31)])}
    await conn.close()
    assert len(found) == 30
