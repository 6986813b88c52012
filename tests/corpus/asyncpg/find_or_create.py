"""Looks for each company by name and creates it if it is not there: a question and a write per name."""

import asyncpg

CREATE = """
INSERT INTO companies (id, name, country) SELECT max(id) + 1, $1, 'AT' FROM companies
RETURNING id
"""


async def find_or_create(conn, name):
    number = await conn.fetchval("SELECT id FROM companies WHERE name = $1", name)
    if number is None:
        number = await conn.fetchval(CREATE, name)
    return number


async def main(dsn):
    conn = await asyncpg.connect(dsn)
    numbers = {}
    for name in ("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir"):
        numbers[name] = await find_or_create(conn, name)  # expect: PK106
    await conn.close()
    assert sorted(numbers.values()) == [6, 7, 8, 9, 10, 11]
