"""A real change to test reports with: it adds an N+1 to one strategy and makes another 30 % slower."""

from __future__ import annotations

from pathlib import Path

from perfkit.bench.discovery import find
from perfkit.bench.harness import Plan, bench
from perfkit.model import Run

TEXT = '''"""A shop's page of orders, and their export."""

import asyncio

import perfkit
from perfkit.worlds.database import Dataset, Sqlite, Table


def load(size, seed):
    columns = {"id": "bigint PRIMARY KEY", "client": "text NOT NULL"}
    rows = lambda: [(number, f"client {number}") for number in range(size)]
    return Dataset([Table("orders", columns, rows)])


shop = perfkit.Scenario(
    "shop", sizes=(10, 100), unit="orders", world=Sqlite(load, rtt_ms=5.0, title="database 5 ms away")
)


@shop.strategy(baseline=True)
async def page(world, size):
    """The page of orders."""
    db = await world.connect_async(isolation_level=None)
    cursor = await db.execute("SELECT id, client FROM orders")
    names = {number: name for number, name in await cursor.fetchall()}
    return sorted(await named(db, names))


async def named(db, names):
    """The orders' clients."""
    return list(names.values())


@shop.strategy
async def export(world, size):
    """All orders as a file, written in parts."""
    db = await world.connect_async(isolation_level=None)
    cursor = await db.execute("SELECT id, client FROM orders")
    rows = await cursor.fetchall()
    await asyncio.sleep(PAUSE_S * size)
    return sorted(name for _, name in rows)


PAUSE_S = 0.0100
'''
ONE_BY_ONE = """    found = []
    for number in names:
        cursor = await db.execute("SELECT client FROM orders WHERE id = ?", (number,))
        found += [name for (name,) in await cursor.fetchall()]
    return found
"""
HEAD = TEXT.replace("    return list(names.values())\n", ONE_BY_ONE).replace("0.0100", "0.01306")


def runs(folder: Path) -> tuple[Run, Run]:
    """The runs of ``perfkit bench`` before and after the change, the scenario's file in ``folder``."""
    made = []
    for name, text in (("base", TEXT), ("head", HEAD)):
        file = folder / name / "shop.py"
        file.parent.mkdir(parents=True)
        file.write_text(text, encoding="utf-8")
        found = find([str(file)], folder)
        made.append(bench(list(found.scenarios.values()), Plan(workers=1, command=("perfkit", "bench"))))
    return made[0], made[1]
