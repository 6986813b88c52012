"""Asks for the stock of articles with a helper that connects for each question."""

import aiosqlite

STOCK = "SELECT stock FROM products WHERE sku = ?"


async def fetch_value(path, statement, *values):
    async with aiosqlite.connect(path) as db:  # expect: PK401
        rows = await db.execute_fetchall(statement, values)
    return next(iter(rows))[0]


async def in_stock(path, skus):
    found = []
    for sku in skus:
        stock = await fetch_value(path, STOCK, sku)  # expect: PK101
        if stock:
            found.append(sku)
    return found


async def main(world):
    assert len(await in_stock(world.path, [f"SKU-{n:04}" for n in range(1, 8)])) == 7
