"""The probe for the standard library's sqlite3: a span per statement, commit and connection.

Its classes are written in C and cannot be changed, so ``sqlite3.connect`` makes subclasses of them.
Connections that were there before, or made without ``connect``, are not seen. A SELECT's rows are counted
as they are fetched.
"""

from __future__ import annotations

import itertools
import sqlite3
import sys
from collections.abc import Iterator
from functools import cache, wraps
from pathlib import Path
from typing import Any, Self

from perfkit.probes.queries import Link, Query, begin, begin_connect, begin_transaction, end, next_link
from perfkit.tracing import leave
from perfkit.tracing.scopes import active

LIBRARY = "sqlite3"
TESTED = ("3.11", "3.14")
"""sqlite3 comes with Python: these are its versions."""

_FACTORY_PLACE = 5  # of ``factory`` among the positional arguments of sqlite3.connect
_originals: list[tuple[Any, str, Any]] = []
_frame = sys._getframe


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
        opened = begin_connect("sqlite", "", database, _frame(1))
        try:
            connection = original(*given, **options)
        except BaseException as error:
            leave(opened, error)
            raise
        leave(opened)
        if isinstance(connection, _Connection):
            connection._link = next_link("sqlite", "", database)
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

    _opened: Query | None = None

    def execute(self, sql: str, parameters: Any = (), /) -> Self:
        if not active:
            return super().execute(sql, parameters)
        connection = self.connection
        self._opened = opened = begin(
            sql, parameters, _link(connection), _frame(1), transaction=connection.in_transaction
        )
        if opened is None:
            return super().execute(sql, parameters)
        try:
            super().execute(sql, parameters)
        except BaseException as error:
            end(opened, None, error)
            raise
        end(opened, self.rowcount)
        return self

    def executemany(self, sql: str, parameters: Any, /) -> Self:
        many = len(parameters) if hasattr(parameters, "__len__") else 0
        sets = parameters if isinstance(parameters, (list, tuple)) else ()
        connection = self.connection
        opened = begin(
            sql, sets, _link(connection), _frame(1), many=many, transaction=connection.in_transaction
        )
        try:
            super().executemany(sql, parameters)
        except BaseException as error:
            end(opened, None, error)
            raise
        end(opened, self.rowcount)
        return self

    def executescript(self, script: str, /) -> Self:
        opened = begin(script, None, _link(self.connection), _frame(1))
        try:
            super().executescript(script)
        except BaseException as error:
            end(opened, None, error)
            raise
        end(opened)
        return self

    def fetchall(self) -> list[Any]:
        return self._counted(super().fetchall())

    def fetchmany(self, *args: Any, **options: Any) -> list[Any]:
        return self._counted(super().fetchmany(*args, **options))

    def fetchone(self) -> Any:
        row = super().fetchone()
        if row is not None and self._opened is not None:
            self._counted([row])
        return row

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        opened = self._opened
        rows = super().__iter__()
        if opened is None or opened.rows is not None:
            return rows
        # counted in C: a method of ours for each row would take longer than the row
        opened.rows = counter = itertools.count(1)
        return itertools.compress(rows, counter)

    def _counted(self, rows: list[Any]) -> list[Any]:
        opened = self._opened
        if opened is not None and not isinstance(opened.rows, itertools.count):
            opened.rows = (opened.rows or 0) + len(rows)
        return rows


class _Connection(sqlite3.Connection):
    """Makes cursors that record, and records its own commits and rollbacks."""

    _link: Link | None = None

    def cursor(self, factory: Any = sqlite3.Cursor) -> Any:
        return super().cursor(watched_cursor(factory))

    # The originals of these three call the cursor's C code past its methods.

    def execute(self, *arguments: Any) -> Any:
        return self.cursor().execute(*arguments)

    def executemany(self, *arguments: Any) -> Any:
        return self.cursor().executemany(*arguments)

    def executescript(self, *arguments: Any) -> Any:
        return self.cursor().executescript(*arguments)

    def commit(self) -> None:
        self._finish("COMMIT", super().commit)

    def rollback(self) -> None:
        self._finish("ROLLBACK", super().rollback)

    def __exit__(self, *details: Any) -> Any:
        name = "COMMIT" if details[:1] == (None,) else "ROLLBACK"
        return self._finish(name, super().__exit__, *details)

    def _finish(self, name: str, method: Any, *details: Any) -> Any:
        if not active or not self.in_transaction:
            return method(*details)
        opened = begin_transaction(name, _link(self), _frame(2))
        try:
            result = method(*details)
        except BaseException as error:
            end(opened, None, error)
            raise
        end(opened)
        return result


def _link(connection: Any) -> Link:
    link: Link | None = connection._link
    if link is None:
        link = connection._link = next_link("sqlite", "", "")
    return link


@cache
def watched_connection(factory: Any) -> Any:
    """A subclass of the caller's connection class that records; what is no class stays as it is."""
    return _subclass(_Connection, factory, sqlite3.Connection)


@cache
def watched_cursor(factory: Any) -> Any:
    """A subclass of the caller's cursor class that records; what is no class stays as it is."""
    return _subclass(_Cursor, factory, sqlite3.Cursor)


def _subclass(watching: type, factory: Any, base: type) -> Any:
    if not isinstance(factory, type) or not issubclass(factory, base) or issubclass(factory, watching):
        return factory
    if factory is base:
        return watching
    return type(factory.__name__, (watching, factory), {"__module__": factory.__module__})
