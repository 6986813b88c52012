"""A repository whose methods share one helper and are decorated; a service calls ``get`` in a loop."""

import functools
import logging

import asyncpg

log = logging.getLogger(__name__)


def logged(method):
    @functools.wraps(method)
    async def call(self, *args):
        log.debug("%s%r", method.__name__, args)
        return await method(self, *args)

    return call


class Customers:
    def __init__(self, pool):
        self._pool = pool

    async def _one(self, sql, *args):
        async with self._pool.acquire() as conn:
            return await conn.fetchrow(sql, *args)

    @logged
    async def get(self, number):
        return await self._one("SELECT id, name, city FROM customers WHERE id = $1", number)

    @logged
    async def count(self):
        return (await self._one("SELECT count(*) AS n FROM customers"))["n"]


async def invitations(customers, numbers):
    letters = []
    for number in numbers:
        customer = await customers.get(number)  # expect: PK101
        if customer is not None:
            letters.append(f"Dear {customer['name']}")
    return letters


async def main(dsn):
    async with asyncpg.create_pool(dsn, min_size=1, max_size=2) as pool:
        customers = Customers(pool)
        assert await customers.count() == 40
        assert len(await invitations(customers, [1, 5, 9, 33, 99])) == 4
