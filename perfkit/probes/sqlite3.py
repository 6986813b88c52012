"""The probe for the standard library's sqlite3: a span per statement, commit and connection.

Its classes are written in C and cannot be changed, so ``sqlite3.connect`` makes subclasses of them.
Connections that were there before, or made without ``connect``, are not seen. A SELECT's rows are counted
as they are fetched.
"""

from __future__ import annotations

import itertools
import sqlite3
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, Self

from perfkit.probes.plans_sqlite import explain
from perfkit.probes.queries import Link, Query, begin, begin_connect, begin_transaction, end, next_link
from perfkit.tracing import leave
from perfkit.tracing.recorder import explaining
from perfkit.tracing.scopes import active

LIBRARY = "sqlite3"
TESTED = ("3.11", "3.14")
"""sqlite3 comes with Python: these are its versions."""

_FACTORY_PLACE = 5  # of ``factory`` among the positional arguments of sqlite3.connect
_originals: list[tuple[Any, str, Any]] = []
_frame = sys._getframe
# called without super(), which takes longer: see _subclass for why the next class is always sqlite3's
_cursor, _exit = sqlite3.Connection.cursor, sqlite3.Connection.__exit__
_commit, _rollback = sqlite3.Connection.commit, sqlite3.Connection.rollback
_execute, _executemany = sqlite3.Cursor.execute, sqlite3.Cursor.executemany
_executescript, _fetchone = sqlite3.Cursor.executescript, sqlite3.Cursor.fetchone
_fetchmany, _fetchall = sqlite3.Cursor.fetchmany, sqlite3.Cursor.fetchall


def install() -> None:
    """Start watching sqlite3. Does nothing when it is watched already."""
    if _originals:
        return
    original = sqlite3.connect
    watching = wraps(original)(_watch_connect(original))
    for module in (sqlite3, sqlite3.dbapi2):
        _originals.append((module, "connect", original))
        module.connect = watching  # type: ignore[attr-defined]


def remove() -> None:
    """Put sqlite3 back as it was. Connections that are still open record no more than any other code."""
    while _originals:
        owner, name, original = _originals.pop()
        setattr(owner, name, original)


def _watch_connect(original: Any) -> Any:
    def connect(*args: Any, **options: Any) -> Any:
        given = list(args)
        if len(given) > _FACTORY_PLACE:
            given[_FACTORY_PLACE] = watched_connection(given[_FACTORY_PLACE])
        else:
            options["factory"] = watched_connection(options.get("factory", sqlite3.Connection))
        database = shown_database(args[0] if args else options.get("database"))
        opened = begin_connect("sqlite", "", database, _frame().f_back)
        try:
            connection = original(*given, **options)
        except BaseException as error:
            leave(opened, error)
            raise
        leave(opened)
        if isinstance(connection, _Connection):
            connection._perfkit_link = next_link("sqlite", "", database)
        return connection

    return connect


def shown_database(database: Any) -> str:
    """The file's name without its folder, and without what a URI says beside it."""
    text = database.decode("utf-8", "replace") if isinstance(database, bytes) else str(database)
    if text.startswith("file:"):
        text = text.removeprefix("file:").partition("?")[0]
    return text if text in ("", ":memory:") else Path(text).name


class _Cursor(sqlite3.Cursor):
    """Records its statements; counts the rows of the last one as they are fetched."""

    _perfkit_query: Query | None = None

    def execute(self, sql: str, parameters: Any = (), /) -> Self:
        if active and _originals:
            self._perfkit_execute(sql, parameters)
        else:
            self._perfkit_query = None
            _execute(self, sql, parameters)
        return self

    def _perfkit_execute(self, sql: str, parameters: Any) -> None:
        try:
            connection: Any = self.connection
            link = connection._perfkit_link or _new_link(connection)
            opened = begin(sql, parameters, link, _frame(2), lowest=True)
        except Exception:  # as with a cursor that was never initialised: sqlite3 has its own words for that
            opened = None
        self._perfkit_query = opened
        try:
            _execute(self, sql, parameters)
        except BaseException as error:
            end(opened, None, error)
            raise
        if opened is not None:
            end(opened, self.rowcount)
            opened.transaction = connection.in_transaction
            if explaining:
                explain(opened, connection, sql, parameters)

    def executemany(self, sql: str, parameters: Any, /) -> Self:
        sets = parameters if isinstance(parameters, (list, tuple)) else ()
        opened = _begin(self, sql, sets, many=len(sets)) if active and _originals else None
        self._perfkit_query = None
        _recorded(opened, self, _executemany, sql, parameters)
        if opened is not None:
            opened.rows = self.rowcount
        return self

    def executescript(self, script: str, /) -> Self:
        opened = _begin(self, script, None) if active and _originals else None
        _recorded(opened, self, _executescript, script)
        return self

    def fetchall(self) -> list[Any]:
        rows = _fetchall(self)
        opened = self._perfkit_query
        if opened is not None:
            if opened.rows is None:
                opened.rows = len(rows)
            else:
                _count(opened, len(rows))
        return rows

    def fetchmany(self, *args: Any, **options: Any) -> list[Any]:
        rows = _fetchmany(self, *args, **options)
        _count(self._perfkit_query, len(rows))
        return rows

    def fetchone(self) -> Any:
        row = _fetchone(self)
        if row is not None:
            _count(self._perfkit_query, 1)
        return row

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]  # sqlite3's is the cursor itself
        opened = self._perfkit_query
        if opened is None:
            return self
        if not isinstance(opened.rows, itertools.count):
            opened.rows = itertools.count((opened.rows or 0) + 1)
        # counted in C: a method of ours for each row would take as long as the row
        rows = map(type(self).__next__, itertools.repeat(self))
        return itertools.compress(rows, opened.rows)


class _Connection(sqlite3.Connection):
    """Makes cursors that record, and records its own commits and rollbacks."""

    _perfkit_link: Link | None = None
    _perfkit_hooked = False

    # The originals of these three make a cursor of sqlite3's own class, whatever cursor() is here.

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        cursor: _Cursor = _cursor(self, _Cursor)
        if active and _originals:
            cursor._perfkit_execute(sql, parameters)
        else:
            _execute(cursor, sql, parameters)
        return cursor

    def executemany(self, sql: str, parameters: Any, /) -> sqlite3.Cursor:
        return _cursor(self, _Cursor).executemany(sql, parameters)

    def executescript(self, script: str, /) -> sqlite3.Cursor:
        return _cursor(self, _Cursor).executescript(script)

    def cursor(self, factory: Any = sqlite3.Cursor) -> Any:
        return _cursor(self, _Cursor if factory is sqlite3.Cursor else watched_cursor(factory))

    def commit(self) -> None:
        _finish(self, "COMMIT", _commit)

    def rollback(self) -> None:
        _finish(self, "ROLLBACK", _rollback)

    # what EXPLAIN does must not show up in the program's own callbacks

    def set_authorizer(self, *args: Any, **options: Any) -> None:
        self._perfkit_hooked = True
        super().set_authorizer(*args, **options)

    def set_trace_callback(self, *args: Any, **options: Any) -> None:
        self._perfkit_hooked = True
        super().set_trace_callback(*args, **options)

    def set_progress_handler(self, *args: Any, **options: Any) -> None:
        self._perfkit_hooked = True
        super().set_progress_handler(*args, **options)

    def __exit__(self, *details: Any) -> Any:
        name = "COMMIT" if details[:1] == (None,) else "ROLLBACK"
        return _finish(self, name, _exit, *details)


def _begin(cursor: Any, sql: str, params: Any, many: int | None = None) -> Query | None:
    """Open the span; None where that is impossible, as with a cursor that was never initialised."""
    try:
        connection = cursor.connection
        link = connection._perfkit_link or _new_link(connection)
        return begin(sql, params, link, _frame(2), many=many, lowest=True)
    except Exception:
        return None


def _recorded(opened: Query | None, cursor: Any, method: Any, *arguments: Any) -> None:
    try:
        method(cursor, *arguments)
    except BaseException as error:
        end(opened, None, error)
        raise
    if opened is not None:
        end(opened)
        opened.transaction = cursor.connection.in_transaction


def _finish(connection: Any, name: str, method: Any, *details: Any) -> Any:
    """Commit or roll back; recorded if there is a transaction, and if this ends it."""
    opened = None
    with suppress(Exception):
        implicit = getattr(connection, "autocommit", None) is not True
        if active and _originals and implicit and connection.in_transaction:
            link = connection._perfkit_link or _new_link(connection)
            opened = begin_transaction(name, link, _frame(2))
    try:
        result = method(connection, *details)
    except BaseException as error:
        end(opened, None, error)
        raise
    end(opened)
    return result


def _count(opened: Query | None, fetched: int) -> None:
    if opened is None:
        return
    if isinstance(opened.rows, itertools.count):
        deque(itertools.islice(opened.rows, fetched), maxlen=0)
    else:
        opened.rows = (opened.rows or 0) + fetched


def _new_link(connection: Any) -> Link:
    link: Link = next_link("sqlite", "", "")
    connection._perfkit_link = link
    return link


def watched_connection(factory: Any) -> Any:
    """A subclass of the caller's connection class that records; what is no class stays as it is."""
    return _subclass(_Connection, factory) if _derives(factory, sqlite3.Connection) else factory


def watched_cursor(factory: Any) -> Any:
    """A subclass of the caller's cursor class that records; what is no class stays as it is."""
    return _subclass(_Cursor, factory) if _derives(factory, sqlite3.Cursor) else factory


def _derives(factory: Any, base: type) -> bool:
    return isinstance(factory, type) and issubclass(factory, base)


@lru_cache(maxsize=256)
def _subclass(watching: type, factory: type) -> type:
    if issubclass(watching, factory):
        return watching
    if issubclass(factory, watching):
        return factory
    try:
        return type(factory.__name__, (factory, watching), {"__module__": factory.__module__})
    except Exception:  # the caller's class may refuse to be subclassed
        return factory
