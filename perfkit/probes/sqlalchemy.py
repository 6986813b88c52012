"""The probe for SQLAlchemy 2: a span per statement of core, ORM and asyncio, per COMMIT and per connection.

Wraps methods of ``Connection`` rather than listening to its events: two listeners cost 4 to 5 microseconds a
statement before they do anything, and connections opened before a listener need not hear it. What the ORM
knows of a statement (which relation is being loaded, whether it belongs to a flush) it hands down with the
statement's options, and is kept as ``relation``, ``target``, ``eager``, ``refresh``, ``reload`` and
``deferred``. ``flush`` numbers flushes: what one writes has one number; ``autoflush`` says that a query
brought it about, and not the program by itself.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from contextlib import suppress
from contextvars import ContextVar
from functools import wraps
from pathlib import PurePath
from types import FrameType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from perfkit.probes.clients import note_blocking, note_pool
from perfkit.probes.importing import when_imported
from perfkit.probes.plans_sqlite import explain
from perfkit.probes.queries import (
    Link,
    Query,
    begin,
    begin_connect,
    begin_transaction,
    end,
    next_link,
    within,
)
from perfkit.probes.sqlalchemy_orm import access, facts_of
from perfkit.tracing import Operation, enter
from perfkit.tracing.recorder import explaining
from perfkit.tracing.scopes import active

LIBRARY = "sqlalchemy"
TESTED = ("2.0", "2.2")
"""Versions from the first up to, not including, the second are covered by tests."""

DEFAULT_PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306, "mssql": 1433, "oracle": 1521}
"""What a URL without a port means, per dialect."""

LARGEST_COUNT = 2**63
"""MySQL drivers say "unknown" for the rows of an unbuffered result by a number beyond it."""

_LINK = "perfkit.link"
_SESSION_MODULE = "sqlalchemy.orm.session"

_originals: list[tuple[Any, str, Any]] = []
_databases: WeakKeyDictionary[Any, _Database] = WeakKeyDictionary()
_flushing: ContextVar[dict[str, Any] | None] = ContextVar("perfkit_flushing", default=None)
_flushes = itertools.count(1)


class _Database(NamedTuple):
    """What an engine's URL says, without the user and the password."""

    system: str
    host: str
    name: str


def install() -> None:
    """Start watching SQLAlchemy. Does nothing when it is watched already."""
    from sqlalchemy.engine import Connection, CursorResult, Engine
    from sqlalchemy.engine.default import DefaultDialect, DefaultExecutionContext
    from sqlalchemy.pool import QueuePool
    from sqlalchemy.pool.base import _ConnectionRecord

    if _originals:
        return
    _add(DefaultExecutionContext, "_perfkit_query")
    _add(DefaultExecutionContext, "_perfkit_batch")
    _replace(Connection, "_exec_single_context", _watch_statement)
    _replace(Connection, "_exec_insertmany_context", _watch_insertmany)
    _replace(Connection, "_cursor_execute", _watch_cursor)
    _replace(Connection, "_commit_impl", _watch_transaction("COMMIT"))
    _replace(Connection, "_rollback_impl", _watch_transaction("ROLLBACK"))
    _replace(DefaultDialect, "_deliver_insertmanyvalues_batches", _watch_batches)
    _replace(CursorResult, "_fetchall_impl", _watch_fetch_list)
    _replace(CursorResult, "_fetchmany_impl", _watch_fetch_list)
    _replace(CursorResult, "_fetchone_impl", _watch_fetch_one)
    _replace(CursorResult, "_fetchiter_impl", _watch_fetch_iterator)
    _replace(Engine, "raw_connection", _watch_checkout)
    _replace(QueuePool, "_do_get", _watch_pool)
    _replace(_ConnectionRecord, "_ConnectionRecord__connect", _watch_connect)
    if _SESSION_MODULE in sys.modules:
        _install_session()
    else:
        when_imported(_SESSION_MODULE, _install_session)


def remove() -> None:
    """Put SQLAlchemy back as it was."""
    while _originals:
        owner, name, original = _originals.pop()
        if original is None:
            delattr(owner, name)
        else:
            setattr(owner, name, original)


def _install_session() -> None:
    if _originals:
        _replace(sys.modules[_SESSION_MODULE].Session, "_flush", _watch_flush)


def _replace(owner: Any, name: str, watch: Any) -> None:
    original = getattr(owner, name, None)
    if original is not None:  # a version that has no such method is watched as far as it goes
        _originals.append((owner, name, original))
        setattr(owner, name, wraps(original)(watch(original)))


def _add(owner: Any, name: str) -> None:
    """A place for spans under way; asking an object for its ``__dict__`` would slow down all it does."""
    _originals.append((owner, name, None))
    setattr(owner, name, None)


# Statements


def _watch_statement(original: Any) -> Any:
    def _exec_single_context(self: Any, dialect: Any, context: Any, *args: Any) -> Any:
        if not active:
            return original(self, dialect, context, *args)
        opened = _begin(self, context, sys._getframe(1))
        try:
            result = original(self, dialect, context, *args)
        except BaseException as error:
            end(opened, error=error)
            raise
        if opened is not None:
            _end(opened, context, result)
            if explaining:
                _explain(opened, self, context)
        return result

    return _exec_single_context


def _begin(connection: Any, context: Any, frame: FrameType) -> Query | None:
    opened = None
    try:
        parameters = context.parameters
        many = len(parameters) if context.executemany else None
        load = context.execution_options.get("_sa_orm_load_options")
        facts = None if load is None else facts_of(load, context.invoked_statement)
        if facts is not None and load._lazy_loaded_from is not None:
            frame = access(facts["relation"], frame)
        opened = begin(
            context.statement,
            parameters[0] if many is None else parameters,
            _link(connection),
            frame,
            many=many,
            transaction=not connection._is_autocommit_isolation(),
        )
        _note(opened, facts, of_flush=facts is not None or _writes(context))
        _note_blocking(opened, connection.dialect)
    except Exception:  # noqa: S110 - what cannot be described is left out
        pass
    return opened


def _writes(context: Any) -> bool:
    return bool(context.isinsert or context.isupdate or context.isdelete)


def _note(opened: Query | None, facts: dict[str, Any] | None, *, of_flush: bool = True) -> None:
    """``of_flush``: whether a flush that is under way asks for this, and no listener of the program's."""
    flush = _flushing.get()
    if flush is not None and of_flush:
        facts = {**(facts or {}), **flush}
    if facts and opened is not None:
        opened.attrs = {**opened.attrs, **facts} if opened.attrs else facts


def _note_blocking(opened: Operation | None, dialect: Any) -> None:
    if not dialect.is_async:
        note_blocking(opened)


def _end(opened: Query, context: Any, result: Any) -> None:
    """Note the rows: as the driver counts them, or else as they are fetched."""
    rows = None
    try:
        known = context.rowcount
        if result._soft_closed or 0 < known < LARGEST_COUNT:
            rows = known
        else:
            context._perfkit_query = opened
    except Exception:  # noqa: S110 - not every driver can say
        pass
    end(opened, rows)


def _explain(opened: Query, connection: Any, context: Any) -> None:
    """Ask SQLite for the plan; the probes of other drivers do that themselves."""
    with suppress(Exception):
        if context.dialect.driver == "pysqlite" and not context.executemany:
            raw = connection._dbapi_connection.dbapi_connection
            explain(opened, raw, context.statement, context.parameters[0])


def _watch_cursor(original: Any) -> Any:
    """Statements that SQLAlchemy runs for itself, such as a sequence or a default before an INSERT."""

    def _cursor_execute(self: Any, cursor: Any, statement: Any, parameters: Any, context: Any = None) -> Any:
        if not active:
            return original(self, cursor, statement, parameters, context)
        opened = None
        with suppress(Exception):
            transaction = not self._is_autocommit_isolation()
            opened = begin(statement, parameters, _link(self), sys._getframe(1), transaction=transaction)
            _note_blocking(opened, self.dialect)
        return within(opened, original, self, cursor, statement, parameters, context)

    return _cursor_execute


# INSERTs of many rows in few statements


def _watch_insertmany(original: Any) -> Any:
    def _exec_insertmany_context(self: Any, dialect: Any, context: Any) -> Any:
        try:
            return original(self, dialect, context)
        except BaseException as error:
            end(context._perfkit_batch, error=error)
            raise

    return _exec_insertmany_context


def _watch_batches(original: Any) -> Any:
    def _deliver_insertmanyvalues_batches(self: Any, *args: Any) -> Any:
        batches = original(self, *args)
        return batches if not active else _spans_of_batches(batches, args[-1])

    return _deliver_insertmanyvalues_batches


def _spans_of_batches(batches: Iterator[Any], context: Any) -> Iterator[Any]:
    """The batches, each executed within a span by whoever iterates."""
    for batch in batches:
        opened = None
        with suppress(Exception):
            connection = context.root_connection
            opened = begin(
                batch.replaced_statement,
                batch.replaced_parameters,
                _link(connection),
                sys._getframe(1),
                many=batch.current_batch_size,
                transaction=not connection._is_autocommit_isolation(),
            )
            _note(opened, None)
            _note_blocking(opened, connection.dialect)
        context._perfkit_batch = opened
        yield batch
        end(opened, batch.current_batch_size)
        context._perfkit_batch = None


# Rows, counted as they are fetched where the driver does not count them


def _watch_fetch_list(original: Any) -> Any:
    def fetch(self: Any, *size: Any) -> Any:
        rows = original(self, *size)
        if self.context._perfkit_query is not None:
            _count(self, len(rows))
        return rows

    return fetch


def _watch_fetch_one(original: Any) -> Any:
    def _fetchone_impl(self: Any, hard_close: bool = False) -> Any:
        row = original(self, hard_close)
        if self.context._perfkit_query is not None:
            _count(self, row is not None)
        return row

    return _fetchone_impl


def _watch_fetch_iterator(original: Any) -> Any:
    def _fetchiter_impl(self: Any) -> Any:
        rows = original(self)
        opened = self.context._perfkit_query
        if opened is None or opened.rows is not None:
            return rows
        # counted in C: a generator of ours would take longer for each row
        opened.rows = counter = itertools.count(1)
        return itertools.compress(rows, counter)

    return _fetchiter_impl


def _count(result: Any, rows: int) -> None:
    opened = result.context._perfkit_query
    if not isinstance(opened.rows, itertools.count):
        opened.rows = (opened.rows or 0) + rows


# Transactions, flushes, connections


def _watch_transaction(name: Any) -> Any:
    def watch(original: Any) -> Any:
        def end_transaction(self: Any) -> Any:
            if not active or self._is_autocommit_isolation():
                return original(self)
            opened = None
            with suppress(Exception):
                if self._still_open_and_dbapi_connection_is_valid:
                    opened = begin_transaction(name, _link(self), sys._getframe(1))
                    _note_blocking(opened, self.dialect)
            return within(opened, original, self)

        return end_transaction

    return watch


def _watch_flush(original: Any) -> Any:
    def _flush(self: Any, *args: Any, **options: Any) -> Any:
        if not active:
            return original(self, *args, **options)
        flush: dict[str, Any] = {"flush": next(_flushes)}
        if sys._getframe(2).f_code.co_name == "_autoflush":  # which calls flush(), which calls this
            flush["autoflush"] = True
        outer = _flushing.set(flush)
        try:
            return original(self, *args, **options)
        finally:
            _flushing.reset(outer)

    return _flush


def _watch_checkout(original: Any) -> Any:
    def raw_connection(self: Any) -> Any:
        if active:
            with suppress(Exception):
                if self.pool not in _databases:  # a pool does not know what it connects to
                    _databases[self.pool] = _database(self)
        return original(self)

    return raw_connection


def _watch_connect(original: Any) -> Any:
    def __connect(self: Any) -> Any:
        if not active:
            return original(self)
        opened = None
        with suppress(Exception):
            pool = self._ConnectionRecord__pool
            to = _databases.get(pool) or _Database(pool._dialect.name, "", "")
            opened = begin_connect(to.system, to.host, to.name, sys._getframe(1))
            _note_blocking(opened, pool._dialect)
            if not isinstance(pool, sys.modules["sqlalchemy.pool"].NullPool):  # which keeps none
                note_pool(opened, pool)
        return within(opened, original, self)

    return __connect


def _watch_pool(original: Any) -> Any:
    def _do_get(self: Any) -> Any:
        if not active or not self._overflow >= self._max_overflow > -1 or self._pool.qsize():
            return original(self)
        attrs = {"on": "connection pool", "size": self.size() + self._max_overflow}
        opened = enter("wait", "connection pool", attrs, sys._getframe(1))
        return within(opened, original, self)

    return _do_get


def _link(connection: Any) -> Link:
    """The driver's connection as this process numbers it: a new one gets a new, empty ``info``."""
    proxy = connection._dbapi_connection
    record = proxy._connection_record
    info = proxy.info if record is None else record.info
    link: Link | None = info.get(_LINK)
    if link is None:
        to = _database(connection.engine)
        link = info[_LINK] = next_link(to.system, to.host, to.name)
    return link


def _database(engine: Any) -> _Database:
    url, system = engine.url, engine.dialect.name
    host = url.host or url.query.get("host") or ""
    if not isinstance(host, str):
        host = ",".join(host)
    port = url.port or DEFAULT_PORTS.get(system)
    if host and port and not host.startswith("/") and "," not in host:
        host = f"{host}:{port}"
    return _Database(
        system, host, _file(url.database or ":memory:") if system == "sqlite" else url.database or ""
    )


def _file(database: str) -> str:
    """The file's name without its folder, and without what a URI says beside it."""
    return PurePath(database.removeprefix("file:").partition("?")[0]).name
