"""The synchronous front: sqlite3's own connection and cursor, with the link and the server in between."""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Literal, Self

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

LIBRARY = "sqlite3"

_frame = sys._getframe


def wait(pauses: Pauses[T]) -> T:
    """Make the pauses by ``time.sleep``, which is virtual in a simulation, and return the result."""
    try:
        while True:
            pause_ns = next(pauses)
            try:
                time.sleep(pause_ns / 1e9)
            except BaseException as error:
                pauses.throw(error)
    except StopIteration as done:
        result: T = done.value
        return result


class Cursor(sqlite3.Cursor):
    """A cursor whose statements go over the link; all rows come with the answer."""

    connection: Connection
    _rows: Iterator[Any] = iter(())

    def execute(self, sql: str, parameters: Any = (), /) -> Self:
        """One round trip."""
        return self._ask(sql, parameters, None, lambda: self._executed(sql, parameters))

    def executemany(self, sql: str, parameters: Any, /) -> Self:
        """One round trip for all sets of parameters: a batch."""
        sets = parameters if isinstance(parameters, (list, tuple)) else list(parameters)
        return self._ask(sql, sets, len(sets), lambda: self._executed_many(sql, sets))

    def executescript(self, script: str, /) -> Self:
        """One round trip for all statements; it does not wait for locks, since half of it may be done."""
        session = self.connection._session
        wait(session.ask(lambda: self._scripted(script), script, frame=_frame(1), retry=False))
        return self

    def _ask(self, sql: str, params: Any, many: int | None, work: Any) -> Self:
        self._rows = iter(())
        answer = wait(self.connection._session.ask(work, sql, params, frame=_frame(2), many=many))
        self._rows = iter(answer.rows)
        return self

    def _executed(self, sql: str, parameters: Any) -> Answer:
        super().execute(sql, parameters)
        if self.description is None:
            return Answer([], self.rowcount)
        rows = super().fetchall()
        return Answer(rows, len(rows))

    def _executed_many(self, sql: str, sets: Any) -> Answer:
        super().executemany(sql, sets)
        return Answer([], self.rowcount)

    def _scripted(self, script: str) -> Answer:
        super().executescript(script)
        return NOTHING

    def fetchone(self) -> Any:
        """The next row that has come, or None."""
        return next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[Any]:
        """The next ``size`` rows, ``arraysize`` without one."""
        wanted = self.arraysize if size is None else size
        return [row for _, row in zip(range(wanted), self._rows, strict=False)]

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        return list(self._rows)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        return next(self._rows)

    def close(self) -> None:
        """Drop what has not been fetched."""
        self._rows = iter(())
        super().close()


class Connection(sqlite3.Connection):
    """A connection to the modelled server; made by ``DatabaseAccess.connect``.

    Its progress handler counts steps: do not set another.
    """

    _session: Session

    def execute(self, sql: str, parameters: Any = (), /) -> Cursor:
        """A new cursor that has executed the statement."""
        cursor: Cursor = self.cursor()
        return cursor.execute(sql, parameters)

    def executemany(self, sql: str, parameters: Any, /) -> Cursor:
        """A new cursor that has executed the batch."""
        cursor: Cursor = self.cursor()
        return cursor.executemany(sql, parameters)

    def executescript(self, script: str, /) -> Cursor:
        """A new cursor that has executed the script."""
        cursor: Cursor = self.cursor()
        return cursor.executescript(script)

    def cursor(self, factory: Any = Cursor) -> Any:
        """A new cursor; a ``factory`` of one's own must make a ``Cursor`` of this module."""
        return super().cursor(factory)

    def commit(self) -> None:
        """One round trip, if a transaction is open."""
        wait(self._session.finish(COMMIT, self._committed, frame=_frame(1)))

    def rollback(self) -> None:
        """One round trip, if a transaction is open."""
        wait(self._session.finish(ROLLBACK, self._rolled_back, frame=_frame(1)))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> Literal[False]:
        if kind is None:
            self.commit()
        else:
            self.rollback()
        return False

    def _committed(self) -> Answer:
        super().commit()
        return NOTHING

    def _rolled_back(self) -> Answer:
        super().rollback()
        return NOTHING


def connect(path: str, server: Server, host: str, lock_timeout_s: float, **options: Any) -> Connection:
    """A connection to the file behind the server; ``options`` are sqlite3's."""
    wait(connecting(server, host, LIBRARY, _frame(1)))
    connection = Connection(path, **options)
    connection._session = Session(connection, server, host, LIBRARY, lock_timeout_s)
    return connection
