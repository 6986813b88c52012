"""The two databases of the call-task page behind one small interface: SQLite, and PostgreSQL by asyncpg."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

from _call_tasks_sql import numbered

Rows = Sequence[Sequence[Any]]


class Database(Protocol):
    """One connection."""

    dialect: str

    async def fetch(self, sql: str, *params: Any) -> Rows:
        """The rows of a query."""

    async def execute(self, sql: str, *params: Any) -> int:
        """The number of rows that a statement changed, in a transaction of its own."""

    def numbers(self, values: Sequence[int]) -> Any:
        """A list as one parameter."""

    def pairs(self, values: Sequence[tuple[int, str]]) -> tuple[Any, ...]:
        """A list of numbers with texts as parameters."""


class Sqlite:
    """The modelled link's own asynchronous front."""

    dialect = "sqlite"

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def fetch(self, sql: str, *params: Any) -> Rows:
        cursor = await self._connection.execute(sql, params)
        rows: Rows = await cursor.fetchall()
        return rows

    async def execute(self, sql: str, *params: Any) -> int:
        cursor = await self._connection.execute(sql, params)
        return int(cursor.rowcount)

    def numbers(self, values: Sequence[int]) -> str:
        return json.dumps(values)

    def pairs(self, values: Sequence[tuple[int, str]]) -> tuple[str]:
        return (json.dumps(values),)


class Asyncpg:
    """The real driver."""

    dialect = "postgresql"

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def fetch(self, sql: str, *params: Any) -> Rows:
        rows: Rows = await self._connection.fetch(numbered(sql), *params)
        return rows

    async def execute(self, sql: str, *params: Any) -> int:
        done: str = await self._connection.execute(numbered(sql), *params)
        return int(done.rpartition(" ")[2])

    def numbers(self, values: Sequence[int]) -> list[int]:
        return list(values)

    def pairs(self, values: Sequence[tuple[int, str]]) -> tuple[list[int], list[str]]:
        return [number for number, _ in values], [text for _, text in values]


@asynccontextmanager
async def opened(access: Any) -> AsyncIterator[Database]:
    """A connection to the database of the world."""
    if access.dialect == "sqlite":
        connection = await access.connect_async(isolation_level=None)
        wrapped: Database = Sqlite(connection)
    else:
        import asyncpg

        connection = await asyncpg.connect(access.url)
        wrapped = Asyncpg(connection)
    try:
        yield wrapped
    finally:
        await connection.close()
