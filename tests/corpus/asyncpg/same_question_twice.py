"""Reads a setting before and after a migration. Right: two equal queries from two places."""

import asyncpg


async def before(conn):
    return await conn.fetchval("SELECT value FROM settings WHERE key = $1", "currency")


async def after(conn):
    return await conn.fetchval("SELECT value FROM settings WHERE key = $1", "currency")


async def main(dsn):
    conn = await asyncpg.connect(dsn)
    old = await before(conn)
    await conn.execute("UPDATE settings SET value = 'SEK' WHERE key = 'currency'")
    new = await after(conn)
    await conn.close()
    assert (old, new) == ("EUR", "SEK")
