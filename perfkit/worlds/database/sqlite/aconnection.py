"""The asynchronous front, with aiosqlite's methods: a statement's link and server are awaited.

SQLite itself works in the event loop's thread, for as long as it needs in fact; several connections overlap
in what they wait for. One connection carries out one statement at a time, in the order they were asked for.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterable
from types import TracebackType
from typing import Any, Self

from perfkit.worlds.database.pending import Pending
from perfkit.worlds.database.sqlite.server import Server
from perfkit.worlds.database.sqlite.session import (
    COMMIT,
    NOTHING,
    ROLLBACK,
    Answer,
    Pauses,
    Session,
    T,
    connecting,
)

LIBRARY = "aiosqlite"

_frame = sys._getframe


async def wait(pauses: Pauses[T]) -> T:
    """Make the pauses by ``asyncio.sleep`` and return the result."""
    try:
        while True:
            pause_ns = next(pauses)
            try:
                await asyncio.sleep(pause_ns / 1e9)
            except BaseException as error:
                pauses.throw(error)
    except StopIteration as done:
        result: T = done.value
        return result


class AsyncCursor:
    """The rows of a statement; they have all come with its answer, and fetching them takes no time."""

    arraysize = 1

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self._cursor = connection._connection.cursor()
        self._rows: Any = iter(())

    async def execute(self, sql: str, parameters: Any = ()) -> Self:
        """One round trip."""

        def work() -> Answer:
            self._cursor.execute(sql, parameters)
            if self._cursor.description is None:
                return Answer([], self._cursor.rowcount)
            rows = self._cursor.fetchall()
            return Answer(rows, len(rows))

        session = self.connection._session
        answer = await self.connection._wait(session.ask(work, sql, parameters, frame=_frame(1)))
        self._rows = iter(answer.rows)
        return self

    async def executemany(self, sql: str, parameters: Iterable[Any]) -> Self:
        """One round trip for all sets of parameters: a batch."""
        sets = list(parameters)

        def work() -> Answer:
            self._cursor.executemany(sql, sets)
            return Answer([], self._cursor.rowcount)

        session = self.connection._session
        await self.connection._wait(session.ask(work, sql, sets, frame=_frame(1), many=len(sets)))
        return self

    async def executescript(self, script: str) -> Self:
        """One round trip for all statements; it does not wait for locks, since half of it may be done."""

        def work() -> Answer:
            self._cursor.executescript(script)
            return NOTHING

        session = self.connection._session
        await self.connection._wait(session.ask(work, script, frame=_frame(1), retry=False))
        return self

    async def fetchone(self) -> Any:
        """The next row, or None."""
        return next(self._rows, None)

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        """The next ``size`` rows, ``arraysize`` without one."""
        wanted = self.arraysize if size is None else size
        return [row for _, row in zip(range(wanted), self._rows, strict=False)]

    async def fetchall(self) -> list[Any]:
        """All rows that are left."""
        return list(self._rows)

    async def __aiter__(self) -> AsyncIterator[Any]:
        for row in self._rows:
            yield row

    async def close(self) -> None:
        """Drop what has not been fetched."""
        self._rows = iter(())
        self._cursor.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def rowcount(self) -> int:
        """Rows changed by the last statement; -1 for one that changes none."""
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        """The number of the row inserted last."""
        return self._cursor.lastrowid

    @property
    def description(self) -> Any:
        """The columns, as DB-API has them."""
        return self._cursor.description


class AsyncConnection:
    """A connection to the modelled server; made by ``DatabaseAccess.connect_async``."""

    def __init__(self, path: str, server: Server, host: str, lock_timeout_s: float, **options: Any) -> None:
        self._connection = sqlite3.Connection(path, **options)
        self._session = Session(self._connection, server, host, LIBRARY, lock_timeout_s)
        self._turn = asyncio.Lock()

    async def _wait(self, pauses: Pauses[T]) -> T:
        """Make the pauses by ``asyncio.sleep``; one statement at a time."""
        async with self._turn:
            return await wait(pauses)

    def cursor(self) -> Pending[AsyncCursor]:
        """A new cursor."""
        return Pending(self._cursor())

    def execute(self, sql: str, parameters: Any = ()) -> Pending[AsyncCursor]:
        """A new cursor that has executed the statement."""
        return Pending(AsyncCursor(self).execute(sql, parameters))

    def executemany(self, sql: str, parameters: Iterable[Any]) -> Pending[AsyncCursor]:
        """A new cursor that has executed the batch."""
        return Pending(AsyncCursor(self).executemany(sql, parameters))

    def executescript(self, script: str) -> Pending[AsyncCursor]:
        """A new cursor that has executed the script."""
        return Pending(AsyncCursor(self).executescript(script))

    async def execute_fetchall(self, sql: str, parameters: Any = ()) -> list[Any]:
        """All rows of a statement."""
        cursor = await AsyncCursor(self).execute(sql, parameters)
        return await cursor.fetchall()

    async def commit(self) -> None:
        """One round trip, if a transaction is open."""
        await self._finish(COMMIT, self._connection.commit)

    async def rollback(self) -> None:
        """One round trip, if a transaction is open."""
        await self._finish(ROLLBACK, self._connection.rollback)

    async def _finish(self, name: str, method: Any) -> None:
        def work() -> Answer:
            method()
            return NOTHING

        await self._wait(self._session.finish(name, work, frame=_frame(1)))

    async def close(self) -> None:
        """End it; what was not committed is rolled back."""
        self._connection.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _cursor(self) -> AsyncCursor:
        return AsyncCursor(self)

    @property
    def in_transaction(self) -> bool:
        """Whether something is to be committed."""
        return self._connection.in_transaction

    @property
    def total_changes(self) -> int:
        """Rows changed since it was opened."""
        return self._connection.total_changes

    @property
    def row_factory(self) -> Any:
        """What makes rows of tuples, such as ``sqlite3.Row``."""
        return self._connection.row_factory

    @row_factory.setter
    def row_factory(self, factory: Any) -> None:
        self._connection.row_factory = factory


async def connect(
    path: str, server: Server, host: str, lock_timeout_s: float, **options: Any
) -> AsyncConnection:
    """A connection to the file behind the server; ``options`` are sqlite3's."""
    await wait(connecting(server, host, LIBRARY, _frame(1)))
    return AsyncConnection(path, server, host, lock_timeout_s, **options)
