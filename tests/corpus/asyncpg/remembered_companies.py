"""Names the company of each customer. Right: all companies are read at the first miss."""

import asyncpg


class Companies(dict):
    """Numbers to names."""

    def __init__(self, conn):
        super().__init__()
        self.conn = conn

    async def name(self, number):
        if number not in self:
            self.update(await self.conn.fetch("SELECT id, name FROM companies"))
        return self[number]


async def main(dsn):
    conn = await asyncpg.connect(dsn)
    companies = Companies(conn)
    customers = await conn.fetch("SELECT name, company_id FROM customers ORDER BY id LIMIT 25")
    labels = [f"{row['name']} ({await companies.name(row['company_id'])})" for row in customers]
    await conn.close()
    assert len(labels) == 25
