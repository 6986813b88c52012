"""An order page and an export, as they are with the change that reports/example/change.html is about."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import aiohttp

import perfkit
from perfkit.worlds import http
from perfkit.worlds.database import Dataset, Sqlite, Table

PAGE = 20
"""Orders that one request of the export sends."""


def data(size: int, seed: int) -> Dataset:
    """A customer for each order."""

    def orders() -> Iterator[tuple[int, int, int]]:
        return ((number, number, 100 * number) for number in range(1, size + 1))

    def customers() -> Iterator[tuple[int, str]]:
        return ((number, f"customer {number}") for number in range(1, size + 1))

    return Dataset(
        [
            Table(
                "orders", {"id": "integer primary key", "customer_id": "integer", "total": "integer"}, orders
            ),
            Table("customers", {"id": "integer primary key", "name": "text"}, customers),
        ]
    )


page = perfkit.Scenario(
    "order_page",
    sizes=(20, 100),
    unit="orders",
    title="The page of today's orders",
    world=Sqlite(data, rtt_ms=2, title="SQLite behind a link of 2 ms"),
)


@page.strategy
async def show(world: Any, size: int) -> list[tuple[str, int]]:
    """Each order with its customer's name."""
    async with world.connect_async() as connection:
        orders = await (await connection.execute("SELECT id, customer_id, total FROM orders")).fetchall()
        names = await names_of(connection, [customer for _, customer, _ in orders])
        return [(names[customer], total) for _, customer, total in orders]


async def names_of(connection: Any, customers: list[int]) -> dict[int, str]:
    """The names by number."""
    names = {}
    for customer in customers:
        cursor = await connection.execute("SELECT name FROM customers WHERE id = ?", (customer,))
        names[customer] = (await cursor.fetchone())[0]
    return names


warehouse = http(host="warehouse.test", rtt_ms=40, title="the warehouse, 40 ms away")


@warehouse.post("/orders", service_ms=60)
def receive(request: Any) -> Any:
    """Takes a page of orders."""
    return {"taken": PAGE}


export = perfkit.Scenario(
    "order_export", sizes=(100,), unit="orders", title="The export to the warehouse", world=warehouse
)


@export.strategy
async def send(world: Any, size: int) -> int:
    """A page of orders at a time; the warehouse takes one at once."""
    taken = 0
    async with aiohttp.ClientSession() as session:
        for first in range(0, size, PAGE):
            rows = [{"id": number} for number in range(first, first + PAGE)]
            async with session.post(f"{world.url}orders", json=rows) as answer:
                taken += (await answer.json())["taken"]
            await asyncio.sleep(0.033)  # be kind to the warehouse
    return taken
