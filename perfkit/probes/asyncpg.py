"""The probe for asyncpg: a span per statement, COPY, batch of a cursor, connection made and wait for a pool.

Watches the places that every call passes once, whether it comes through a Connection, a PreparedStatement, a
Transaction or a Pool. What asyncpg asks on its own account (types it does not know yet, the clearing of a
connection that goes back to its pool) is no query of the application's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from contextvars import ContextVar
from types import CodeType, FrameType
from typing import Any
from weakref import WeakKeyDictionary

from perfkit.probes.clients import note_pool
from perfkit.probes.plans import claim
from perfkit.probes.plans_postgres import Rows, conversation
from perfkit.probes.queries import Link, Query, begin, begin_connect, counting, end, next_link
from perfkit.probes.replacements import Replacements
from perfkit.tracing import enter, here, leave
from perfkit.tracing.recorder import explaining

LIBRARY = "asyncpg"
TESTED = ("0.30", "0.33")
"""Versions from the first up to, not including, the second are covered by tests."""

SYSTEM = "postgresql"
WAIT = "asyncpg.Pool.acquire"
"""Name of the span of a wait for a pool's connection."""

PATIENCE_S = 5.0
"""A plan that takes longer to make is done without."""

Described = tuple[Any, str, Any]
"""The connection, the statement and its parameters."""

_replaced = Replacements()
_links: WeakKeyDictionary[Any, Link] = WeakKeyDictionary()
_own: list[CodeType] = []
_growing: ContextVar[Any] = ContextVar("perfkit_asyncpg_pool", default=None)
"""Stands for the pool that makes a connection, to which no weak reference is possible."""


def install() -> None:
    """Start watching asyncpg. Does nothing when it is watched already."""
    from asyncpg import connect_utils, utils
    from asyncpg.connection import Connection
    from asyncpg.cursor import BaseCursor, Cursor, CursorIterator
    from asyncpg.pool import Pool
    from asyncpg.prepared_stmt import PreparedStatement

    if _replaced:
        return
    own = (Connection.reset, Connection._introspect_type, Connection.copy_records_to_table, utils._mogrify)
    _own[:] = [function.__code__ for function in own]
    _replaced.put(connect_utils, "_connect_addr", _watch_connect)
    _replaced.put(Pool, "_acquire", _watch_acquire)
    _replaced.put(Pool, "_get_new_connection", _watch_growth)
    _replaced.put(Connection, "execute", _watch(_plain))
    _replaced.put(Connection, "_execute", _watch(_statement))
    _replaced.put(Connection, "_executemany", _watch_many)
    _replaced.put(Connection, "prepare", _watch(_preparing))
    _replaced.put(Connection, "_copy_in", _watch(_copy, aside=True))
    _replaced.put(Connection, "_copy_out", _watch(_copy, aside=True))
    _replaced.put(Connection, "copy_records_to_table", _watch(_copy_records, aside=True))
    _replaced.put(PreparedStatement, "_PreparedStatement__bind_execute", _watch(_prepared))
    _replaced.put(PreparedStatement, "executemany", _watch_prepared_many)
    _replaced.put(PreparedStatement, "fetchmany", _watch_prepared_many)
    _replaced.put(Cursor, "_init", _watch(_cursor))
    _replaced.put(Cursor, "forward", _watch_forward)
    _replaced.put(BaseCursor, "_exec", _watch(_batch))
    _replaced.put(CursorIterator, "__anext__", _watch_first_row)


def remove() -> None:
    """Put asyncpg back as it was."""
    _replaced.undo()


def _watch(describe: Callable[..., Described | None], *, aside: bool = False) -> Callable[[Any], Any]:
    """Record a coroutine method; ``describe`` gets its arguments, and None from it means it is none of ours.

    The span is not current during a call that is ``aside``: there the application's own code runs.
    """

    def watch(original: Any) -> Any:
        async def watched(self: Any, *args: Any, **options: Any) -> Any:
            if here() is None:
                return await original(self, *args, **options)
            opened = None
            with suppress(Exception):
                described = describe(self, *args, **options)
                opened = described and _begin(*described, sys._getframe(1))
            ending = _ending_aside if aside else _ending
            result = await ending(opened, original(self, *args, **options))
            if explaining and describe in _EXPLAINED:
                await _explain(opened, describe(self, *args, **options))
            return result

        return watched

    return watch


def _plain(connection: Any, query: str, *args: Any, **options: Any) -> Described | None:
    return None if args else (connection, query, ())  # with arguments it goes on to _execute


def _statement(connection: Any, query: str, args: Any, *rest: Any, **options: Any) -> Described:
    return connection, query, args


def _preparing(connection: Any, query: str, **options: Any) -> Described:
    return connection, f"PREPARE {query}", ()


def _prepared(statement: Any, args: Any, *rest: Any) -> Described:
    return statement._connection, statement._query, args


_EXPLAINED = (_plain, _statement, _prepared)


async def _explain(opened: Query | None, described: Described | None) -> None:
    """Ask for the plan of a statement that was just answered, before its caller goes on."""
    talk = None
    with suppress(Exception):
        if described is not None and not described[0].is_closed():
            connection, query, args = described
            claimed = claim(opened, query)
            if claimed is not None:
                talk = conversation(claimed, query, inside=connection.is_in_transaction())
    if talk is None:
        return
    try:
        command, has_args = next(talk)
        while True:
            try:
                rows = await _ask(connection, command, args if has_args else ())
            except Exception as error:
                command, has_args = talk.throw(error)
            else:
                command, has_args = talk.send(rows)
    except StopIteration:
        pass


async def _ask(connection: Any, command: str, args: Any) -> Rows:
    """The rows of one command. Below asyncpg's own methods: its cache and query loggers do not see it."""
    protocol = connection._protocol
    statement = await connection._get_statement(command, PATIENCE_S, named=False, use_cache=False)
    rows = await protocol.bind_execute(statement, args, "", 0, False, PATIENCE_S)
    return [tuple(row) for row in rows]


def _cursor(cursor: Any, *rest: Any) -> Described:
    return cursor._connection, cursor._query, cursor._args


def _batch(cursor: Any, n: int, *rest: Any) -> Described:
    return cursor._connection, f"FETCH FORWARD {n} FROM cursor", ()


def _copy(connection: Any, copy_stmt: str, *rest: Any) -> Described:
    return connection, copy_stmt, ()


def _copy_records(connection: Any, table_name: str, **options: Any) -> Described:
    """The statement is put together here as asyncpg does it later."""
    schema, columns, where = (options.get(name) for name in ("schema_name", "columns", "where"))
    table = f'"{schema}"."{table_name}"' if schema else f'"{table_name}"'
    listed = "(" + ", ".join(f'"{column}"' for column in columns) + ")" if columns else ""
    condition = f" WHERE {where}" if where else ""
    return connection, f"COPY {table}{listed} FROM STDIN (FORMAT binary){condition}", ()


def _watch_many(original: Any) -> Any:
    async def _executemany(self: Any, query: Any, args: Any, *rest: Any, **options: Any) -> Any:
        if here() is None:
            return await original(self, query, args, *rest, **options)
        opened, args = _begin_many(self, query, args, sys._getframe(1))
        return await _ending(opened, original(self, query, args, *rest, **options))

    return _executemany


def _watch_prepared_many(original: Any) -> Any:
    """These check the connection when they are called, and not when they are awaited."""

    def many(self: Any, args: Any, **options: Any) -> Any:
        if here() is None:
            return original(self, args, **options)
        self._check_conn_validity(original.__name__)
        return watched(self, args, **options)

    async def watched(self: Any, args: Any, **options: Any) -> Any:
        opened, args = _begin_many(self._connection, self._query, args, sys._getframe(1))
        return await _ending(opened, original(self, args, **options))

    return many


def _watch_forward(original: Any) -> Any:
    def forward(self: Any, n: Any, **options: Any) -> Any:
        moving = original(self, n, **options)
        return moving if here() is None else watched(self, n, moving)

    async def watched(self: Any, n: Any, moving: Any) -> Any:
        opened = None
        with suppress(Exception):
            opened = _begin(self._connection, f"MOVE FORWARD {n} FROM cursor", (), sys._getframe(1))
        return await _ending(opened, moving)

    return forward


def _watch_first_row(original: Any) -> Any:
    """Asking for the first row prepares, binds and fetches the first batch: one span for all three."""

    def __anext__(self: Any) -> Any:  # noqa: N807
        following = original(self)
        if self._portal_name or self._exhausted or here() is None:
            return following
        return watched(self, following)

    async def watched(self: Any, following: Any) -> Any:
        opened = None
        with suppress(Exception):
            opened = _begin(*_cursor(self), sys._getframe(1))
        try:
            row = await following
        except StopAsyncIteration:
            end(opened, 0)
            raise
        except BaseException as error:
            end(opened, error=error)
            raise
        end(opened, len(self._buffer) + 1)
        return row

    return __anext__


def _watch_connect(original: Any) -> Any:
    async def _connect_addr(**options: Any) -> Any:
        if here() is None:
            return await original(**options)
        opened = None
        with suppress(Exception):
            database = options["params"].database
            opened = begin_connect(SYSTEM, _host(options["addr"]), database, sys._getframe(1))
            pool = _growing.get()
            if pool is not None:
                note_pool(opened, pool)
        try:
            connection = await original(**options)
        except BaseException as error:
            leave(opened, error)
            raise
        leave(opened)
        return connection

    return _connect_addr


def _watch_growth(original: Any) -> Any:
    async def _get_new_connection(self: Any) -> Any:
        before = _growing.set(self._queue)
        try:
            return await original(self)
        finally:
            _growing.reset(before)

    return _get_new_connection


def _watch_acquire(original: Any) -> Any:
    async def _acquire(self: Any, timeout: Any) -> Any:
        queue = self._queue
        if here() is None or queue is None or not queue.empty():
            return await original(self, timeout)
        opened = enter("wait", WAIT, {"system": SYSTEM, "library": LIBRARY}, sys._getframe(1))
        try:
            connection = await original(self, timeout)
        except BaseException as error:
            leave(opened, error)
            raise
        leave(opened)
        return connection

    return _acquire


def _begin(
    connection: Any, query: str, params: Any, frame: FrameType, many: int | None = None
) -> Query | None:
    """Open a statement's span; None if asyncpg asks on its own account, or has no connection to ask by."""
    if _is_own(frame) or connection.is_closed():
        return None
    inside = connection.is_in_transaction()
    return begin(query, params, _link(connection), frame, many=many, transaction=inside)


def _is_own(frame: FrameType) -> bool:
    """Whether asyncpg asks on its own account; for a COPY's arguments it does so by its own ``fetchrow``."""
    if frame.f_code.co_name == "fetchrow" and frame.f_back is not None:
        frame = frame.f_back
    return frame.f_code in _own


def _begin_many(connection: Any, query: str, sets: Any, frame: FrameType) -> tuple[Query | None, Any]:
    """Open the span, and give the parameter sets: an iterator's are counted as they are used."""
    opened = None
    with suppress(Exception):
        many = len(sets) if hasattr(sets, "__len__") else 0
        params = sets if isinstance(sets, (list, tuple)) else ()
        opened = _begin(connection, query, params, frame, many)
    return opened, counting(opened, sets) if opened is not None and isinstance(sets, Iterator) else sets


async def _ending(opened: Query | None, call: Any) -> Any:
    """Await the call, and end its span with it."""
    try:
        result = await call
    except BaseException as error:
        end(opened, error=error)
        raise
    end(opened, _rows(result))
    return result


async def _ending_aside(opened: Query | None, call: Any) -> Any:
    """The same for a span that is not current meanwhile: it ends at once, and its end is moved later."""
    end(opened)
    failure, rows = None, None
    try:
        result = await call
        rows = _rows(result)
    except BaseException as error:
        failure = error
        raise
    finally:
        if opened is not None and not opened.recording.closed:
            opened.end_ns = opened.recording.now_ns()
            end(opened, rows, failure)
    return result


def _link(connection: Any) -> Link:
    known = _links.get(connection)
    if known is None:
        host, database = _host(connection._addr), connection._params.database
        known = _links[connection] = next_link(SYSTEM, host, database)
    return known


def _host(address: Any) -> str:
    """An address as asyncpg keeps it: host and port, or the path of a socket."""
    return address if isinstance(address, str) else f"{address[0]}:{address[1]}"


def _rows(result: Any) -> int | None:
    """Rows in what asyncpg returns: records, or a status such as "INSERT 0 3", or both."""
    if isinstance(result, list):
        return len(result)
    status = result[1] if isinstance(result, tuple) and len(result) > 1 else result
    if isinstance(status, bytes):
        status = status.decode()
    tail = status.rpartition(" ")[2] if isinstance(status, str) else ""
    return int(tail) if tail.isdecimal() else None
