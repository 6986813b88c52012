"""One connection to the modelled server: when a statement is carried out, and what it costs.

Nothing here waits: generators yield the pauses, in nanoseconds, that a front must make by ``time.sleep`` or
``asyncio.sleep``. So both fronts have one model, in virtual and in wall time.
"""

from __future__ import annotations

import itertools
import operator
import sqlite3
import time
from collections.abc import Callable, Generator, Iterator
from types import FrameType
from typing import Any, NamedTuple, TypeVar

from perfkit.probes.plans_sqlite import explain
from perfkit.probes.queries import Link, begin, end, next_link
from perfkit.tracing import enter, here, leave
from perfkit.tracing.recorder import explaining
from perfkit.worlds.database.sqlite.server import Server

T = TypeVar("T")
Pauses = Generator[int, None, T]

PERIOD = 10
"""Steps of SQLite's virtual machine between two calls of the progress handler. At 1 a full scan takes 6 times
as long, at 10 half as long again. A statement's remainder is dropped."""

LOCK_TIMEOUT_S = 5.0
"""How long a statement waits for the lock of another connection: sqlite3's own default."""

_BUSY_NS = tuple(1_000_000 * ms for ms in (1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50, 100))
"""Pauses of SQLite's own busy handler (``sqliteDefaultBusyCallback`` in main.c), the last one for ever."""

_ENOUGH = 2**62

DATABASE = "database.sqlite"
"""The file's name, as spans have it."""

COMMIT, ROLLBACK = "COMMIT", "ROLLBACK"


class Answer(NamedTuple):
    """What the server sent back. ``number`` of rows returned or changed; -1: there is none, as with DDL."""

    rows: list[Any]
    number: int


NOTHING = Answer([], -1)


class Session:
    """The server's side of one connection, and the spans of its statements."""

    def __init__(
        self, connection: sqlite3.Connection, server: Server, host: str, library: str, lock_timeout_s: float
    ) -> None:
        plain = sqlite3.Connection.cursor(connection, sqlite3.Cursor)
        plain.execute("SELECT count(*) FROM sqlite_schema").fetchall()  # reads the tables' definitions
        self._connection = connection
        self._server = server
        self._link: Link = next_link("sqlite", host, DATABASE)._replace(library=library)
        self._lock_timeout_ns = round(lock_timeout_s * 1e9)
        self._changes = connection.total_changes
        # Counts in C: the handler must return something false, and what is left tells how often it has.
        self._ticks: Any = itertools.repeat(0, _ENOUGH)
        sqlite3.Connection.set_progress_handler(connection, self._ticks.__next__, PERIOD)

    def ask(
        self,
        work: Callable[[], Answer],
        sql: str,
        params: Any = (),
        *,
        frame: FrameType | None,
        many: int | None = None,
        retry: bool = True,
    ) -> Pauses[Answer]:
        """Send a statement, in a span of its own where something records."""
        opened = begin(sql, params, self._link, frame, many=many)
        before = self._steps()
        try:
            answer = yield from self._exchange(work, query=True, retry=retry, rollback=_rolls_back(sql))
        except BaseException as error:
            end(opened, None, error)
            raise
        if opened is not None:
            opened.note(steps=self._steps() - before)
            end(opened, answer.number)
            opened.transaction = self._connection.in_transaction
        if explaining:
            explain(opened, self._connection, sql, params)
        return answer

    def finish(self, name: str, work: Callable[[], Answer], *, frame: FrameType | None) -> Pauses[None]:
        """Commit or roll back: nothing is sent where no transaction is open."""
        if not self._connection.in_transaction:
            work()
            return
        opened = begin(name, None, self._link, frame)
        try:
            yield from self._exchange(work, query=False, retry=True, rollback=name == ROLLBACK)
        except BaseException as error:
            end(opened, None, error)
            raise
        end(opened)

    def _exchange(
        self, work: Callable[[], Answer], *, query: bool, retry: bool, rollback: bool
    ) -> Pauses[Answer]:
        """A round trip with ``work`` at its far end; an error of the database's comes back like an answer."""
        there_ns = self._server.rtt_ns // 2
        yield from _until(now_ns() + there_ns)
        before, answer, error = self._steps(), NOTHING, None
        tries = self._tries() if retry else iter(())
        while True:
            arrived_ns = now_ns()
            try:
                answer = work()
            except sqlite3.Error as raised:
                pause_ns = next(tries, None) if _is_locked(raised) else None
                error = raised if pause_ns is None else None
            else:
                break
            if pause_ns is None:
                break
            yield from _until(arrived_ns + pause_ns)
        done_ns = self._server.serve(
            arrived_ns,
            self._steps() - before,
            len(answer.rows),
            committed=self._wrote(rollback),
            query=query,
        )
        yield from _until(done_ns + self._server.rtt_ns - there_ns)
        if error is not None:
            raise error
        return answer

    def _steps(self) -> int:
        return (_ENOUGH - operator.length_hint(self._ticks)) * PERIOD

    def _wrote(self, rollback: bool) -> bool:
        """Whether a transaction that changed something has just been committed."""
        connection = self._connection
        if connection.in_transaction or connection.total_changes == self._changes:
            return False
        self._changes = connection.total_changes
        return not rollback

    def _tries(self) -> Iterator[int]:
        """The pauses between tries for a lock, until the time for it is over."""
        left_ns = self._lock_timeout_ns
        for pause_ns in itertools.chain(_BUSY_NS, itertools.repeat(_BUSY_NS[-1])):
            left_ns -= pause_ns
            if left_ns < 0:
                return
            yield pause_ns


def connecting(server: Server, host: str, library: str, frame: FrameType | None) -> Pauses[None]:
    """Connect, in a span of its own where something records."""
    opened = None
    scope = here()
    if scope is not None and scope.kind != "connect":
        attrs = {"system": "sqlite", "host": host, "database": DATABASE, "library": library}
        opened = enter("connect", f"connect {host}", attrs, frame)
    try:
        yield from _until(now_ns() + server.connect_ns())
    except BaseException as error:
        leave(opened, error)
        raise
    leave(opened)


def now_ns() -> int:
    """The clock of the front: virtual in a simulation. Looked up each time, as it is replaced there."""
    return time.perf_counter_ns()


def _until(due_ns: int) -> Iterator[int]:
    left_ns = due_ns - now_ns()
    if left_ns > 0:
        yield left_ns


def _is_locked(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY


def _rolls_back(sql: str) -> bool:
    return sql.lstrip()[: len(ROLLBACK)].upper() == ROLLBACK
