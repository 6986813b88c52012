"""Brings a schema up to date. Right: the steps are different statements, and their order matters."""

import asyncpg

STEPS = (
    "CREATE TEMP TABLE versions (number int PRIMARY KEY, done_at timestamptz DEFAULT now())",
    "ALTER TABLE versions ADD COLUMN author text",
    "CREATE INDEX versions_by_author ON versions (author)",
    "INSERT INTO versions (number, author) VALUES (1, 'setup')",
    "COMMENT ON TABLE versions IS 'what has been done'",
)


async def migrate(conn):
    async with conn.transaction():
        for step in STEPS:
            await conn.execute(step)


async def main(dsn):
    conn = await asyncpg.connect(dsn)
    await migrate(conn)
    assert await conn.fetchval("SELECT max(number) FROM versions") == 1
    await conn.close()
