"""The probe for aiosqlite: a span per statement, commit and connection, with the line that awaits it.

aiosqlite hands every call to a thread that has the connection for itself, and all of them pass one method. A
span lasts as long as the application waits: the calls that come before it in the thread's queue count, too.
What the probe of sqlite3 sees in that thread lies inside the span, and is not recorded again.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary

from perfkit.probes.plans import claim
from perfkit.probes.plans_sqlite import ask
from perfkit.probes.queries import Link, Query, begin, begin_connect, begin_transaction, end, next_link
from perfkit.probes.replacements import Replacements
from perfkit.probes.sqlite3 import shown_database
from perfkit.tracing import OpenSpan, carry, here, leave
from perfkit.tracing.recorder import explaining
from perfkit.tracing.scopes import current

LIBRARY = "aiosqlite"
TESTED = ("0.20", "0.23")
"""Versions from the first up to, not including, the second are covered by tests."""

SYSTEM = "sqlite"

_STATEMENTS = frozenset({"execute", "executemany", "executescript", "_execute_insert", "_execute_fetchall"})
_EXPLAINED = frozenset({"execute", "_execute_fetchall"})
_FETCHES = frozenset({"fetchone", "fetchmany", "fetchall"})
_NOT_RECORDED = OpenSpan("not recorded")

_replaced = Replacements()
_links: WeakKeyDictionary[Any, Link] = WeakKeyDictionary()
_queries: WeakKeyDictionary[Any, Query] = WeakKeyDictionary()
"""The statement of each of sqlite3's cursors: rows are counted as they are fetched."""


def install() -> None:
    """Start watching aiosqlite. Does nothing when it is watched already."""
    from aiosqlite.core import Connection

    if not _replaced:
        _replaced.put(Connection, "_execute", _watch_execute)
        _replaced.put(Connection, "_connect", _watch_connect)


def remove() -> None:
    """Put aiosqlite back as it was."""
    _replaced.undo()


def _watch_execute(original: Any) -> Any:
    async def _execute(self: Any, fn: Any, *args: Any, **options: Any) -> Any:
        if here() is None:
            return await original(self, fn, *args, **options)
        opened = None
        with suppress(Exception):
            opened = _begin(self, fn.__name__, args, sys._getframe(1))
        try:
            result = await original(self, carry(fn), *args, **options)
        except BaseException as error:
            end(opened, error=error)
            raise
        end(opened)
        with suppress(Exception):
            _count_rows(opened, fn, result)
        if explaining and fn.__name__ in _EXPLAINED:
            span = claim(opened, args[0])
            if span is not None:
                await original(self, ask, span, self._conn, args[0], args[1] if len(args) > 1 else ())
        return result

    return _execute


def _watch_connect(original: Any) -> Any:
    async def _connect(self: Any) -> Any:
        if here() is None or self._connection is not None:
            return await original(self)
        opened, connector = None, self._connector
        with suppress(Exception):
            opened = begin_connect(SYSTEM, "", _database(self), sys._getframe(1))
        self._connector = _unrecorded(connector)
        try:
            connection = await original(self)
        except BaseException as error:
            leave(opened, error)
            raise
        finally:
            self._connector = connector
        leave(opened)
        return connection

    return _connect


def _begin(connection: Any, name: str, args: Any, frame: FrameType) -> Query | None:
    """Open the span of what the thread is asked to do; None if that is no statement."""
    if connection._connection is None:
        return None
    inside = connection.in_transaction
    if name in ("commit", "rollback") and inside:
        return begin_transaction(name.upper(), _link(connection), frame)
    if name not in _STATEMENTS:
        return None
    sql, params, many = args[0], args[1] if len(args) > 1 else (), None
    if name == "executemany":
        many = len(params) if hasattr(params, "__len__") else 0
        params = params if isinstance(params, (list, tuple)) else ()
    return begin(sql, params, _link(connection), frame, many=many, transaction=inside)


def _count_rows(opened: Query | None, fn: Any, result: Any) -> None:
    """Note the rows of a statement that was executed, or add those that were fetched of an earlier one."""
    if fn.__name__ in _FETCHES:
        query = _queries.get(fn.__self__)
        if query is not None:
            fetched = result if isinstance(result, list) else [] if result is None else [result]
            end(query, (query.rows if isinstance(query.rows, int) else 0) + len(fetched))
    elif opened is not None and opened.kind == "query":
        if isinstance(result, list):
            opened.rows = len(result)
        elif fn.__name__ in ("execute", "executemany"):
            end(opened, result.rowcount)
            _queries[result] = opened


def _unrecorded(connector: Any) -> Any:
    """``connector``, of which the probe of sqlite3 records nothing: the connection has its span already."""

    def connect() -> Any:
        before = current.get()
        current.set(_NOT_RECORDED)
        try:
            return connector()
        finally:
            current.set(before)

    return connect


def _link(connection: Any) -> Link:
    known = _links.get(connection)
    if known is None:
        known = _links[connection] = next_link(SYSTEM, "", _database(connection))
    return known


def _database(connection: Any) -> str:
    """The database that was given to ``aiosqlite.connect``, which is known to its connector only."""
    connector = connection._connector
    with suppress(AttributeError, TypeError, ValueError):
        place = connector.__code__.co_freevars.index("database")
        return shown_database(connector.__closure__[place].cell_contents)
    return ""
