"""The probe for psycopg 3, sync and async: a span per statement, executemany, COPY, FETCH and new connection.

Both halves of psycopg run the same generators, which talk to the server without knowing how to wait for it;
those are watched. So a span begins once the connection is free for its statement. What psycopg sends of its
own accord, such as the BEGIN before a transaction's first statement, is part of that statement's time. In a
pipeline a statement ends when its result arrives.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from types import FrameType
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from perfkit.probes.clients import note_blocking
from perfkit.probes.psycopg_plans import explain
from perfkit.probes.queries import Link, Query, begin, begin_connect, counting, end, next_link
from perfkit.probes.replacements import Replacements
from perfkit.tracing import Operation, here, leave
from perfkit.tracing.recorder import explaining

LIBRARY = "psycopg"
TESTED = ("3.2", "3.4")
"""Versions from the first up to, not including, the second are covered by tests."""

SYSTEM = "postgresql"
DEFAULT_PORT = "5432"

TRANSACTION = (b"BEGIN", b"COMMIT", b"ROLLBACK", b"SAVEPOINT", b"RELEASE", b"PREPARE TRANSACTION")
"""How the commands begin that psycopg sends for a transaction: it sends others, which are its own affair."""

_IDLE = 0  # of psycopg.pq.TransactionStatus

Steps = Generator[Any, Any, Any]
Opened = TypeVar("Opened", bound=Operation | None)

_replaced = Replacements()
_links: WeakKeyDictionary[Any, Link] = WeakKeyDictionary()
_streaming: WeakKeyDictionary[Any, Query] = WeakKeyDictionary()
_copying: WeakKeyDictionary[Any, Query] = WeakKeyDictionary()
_awaited: WeakKeyDictionary[Any, dict[int, Query]] = WeakKeyDictionary()
"""For each pipeline the spans that wait for a result, by the identity of the entry in its queue."""


def install() -> None:
    """Start watching psycopg. Does nothing when it is watched already."""
    import psycopg
    from psycopg._connection_base import BaseConnection
    from psycopg._cursor_base import BaseCursor
    from psycopg._pipeline_base import BasePipeline
    from psycopg._server_cursor_base import ServerCursorMixin

    if _replaced:
        return
    _replaced.put(BaseConnection, "_connect_gen", _watch_connect)
    _replaced.put(BaseConnection, "_exec_command", _watch(_transaction))
    _replaced.put(BaseCursor, "_execute_gen", _watch(_statement, _rowcount))
    _replaced.put(BaseCursor, "_executemany_gen_pipeline", _watch_many)
    _replaced.put(BaseCursor, "_executemany_gen_no_pipeline", _watch_many)
    _replaced.put(BaseCursor, "_stream_send_gen", _watch_stream)
    _replaced.put(BaseCursor, "_stream_fetchone_gen", _watch_streamed)
    _replaced.put(BaseConnection, "_should_cancel", _watch_cancel)
    _replaced.put(BaseCursor, "_start_copy_gen", _watch_copy)
    _replaced.put(psycopg.Copy, "__exit__", _watch_copied)
    _replaced.put(psycopg.AsyncCopy, "__aexit__", _watch_copied_async)
    _replaced.put(ServerCursorMixin, "_declare_gen", _watch(_statement))
    _replaced.put(ServerCursorMixin, "_fetch_gen", _watch(_fetch, _fetched))
    _replaced.put(ServerCursorMixin, "_scroll_gen", _watch(_move))
    _replaced.put(BaseCursor, "_maybe_prepare_gen", _watch_sent)
    _replaced.put(BasePipeline, "_process_results", _watch_results)


def remove() -> None:
    """Put psycopg back as it was."""
    _replaced.undo()


def _watch(
    describe: Callable[..., Query | None], rows: Callable[[Any, Any], int | None] = lambda owner, result: None
) -> Callable[[Any], Any]:
    """Record a generator method from its first step to its last: ``describe`` opens the span."""

    def watch(original: Any) -> Any:
        def watched(self: Any, *args: Any, **options: Any) -> Steps:
            opened = None
            if here() is not None:
                with suppress(Exception):
                    opened = describe(sys._getframe(1), self, *args, **options)
            if opened is None:
                result = yield from original(self, *args, **options)
            else:
                try:
                    result = yield from original(self, *args, **options)
                except BaseException as error:
                    end(opened, error=error)
                    raise
                end(opened, rows(self, result))
            if explaining and describe is _statement:
                yield from explain(opened, self, *args, **options)
            return result

        return watched

    return watch


def _statement(frame: FrameType, cursor: Any, query: Any, params: Any = None, *rest: Any, **more: Any) -> Any:
    return _begin(cursor, query, params, frame)


def _fetch(frame: FrameType, cursor: Any, num: int | None) -> Query | None:
    return _begin(cursor, f"FETCH FORWARD {'ALL' if num is None else num} FROM cursor", None, frame)


def _move(frame: FrameType, cursor: Any, value: int, mode: str) -> Query | None:
    way = "ABSOLUTE" if mode == "absolute" else "FORWARD"
    return _begin(cursor, f"MOVE {way} {value} FROM cursor", None, frame)


def _transaction(frame: FrameType, connection: Any, command: Any, *rest: Any, **more: Any) -> Query | None:
    text = command if isinstance(command, bytes) else command.as_bytes(connection)
    if not text.startswith(TRANSACTION):
        return None
    inside = connection.pgconn.transaction_status != _IDLE
    return _noted(begin(text, None, _link(connection), frame, transaction=inside), type(connection))


def _rowcount(cursor: Any, result: Any) -> int | None:
    """In a pipeline the result is not there yet."""
    return None if cursor._conn._pipeline else cursor._rowcount


def _fetched(cursor: Any, rows: Any) -> int | None:
    return len(rows)


def _begin(cursor: Any, query: Any, params: Any, frame: FrameType, many: int | None = None) -> Query | None:
    """Open the span of a cursor's statement; None if there is no connection to send it by."""
    connection = cursor._conn
    if cursor.closed or connection.closed:
        return None
    text, params = _text_and_params(query, params, cursor)
    if not text:  # how a pool asks whether a connection still works
        return None
    inside = not connection.autocommit or connection.pgconn.transaction_status != _IDLE
    opened = begin(text, params, _link(connection), frame, many=many, transaction=inside)
    return _noted(opened, type(connection))


def _noted(opened: Opened, kind: type) -> Opened:
    """The span, with a note where a connection of that kind keeps an event loop waiting."""
    import psycopg

    if issubclass(kind, psycopg.Connection):
        note_blocking(opened)
    return opened


def _text_and_params(query: Any, params: Any, cursor: Any) -> tuple[str | bytes, Any]:
    """The statement with its placeholders: psycopg takes text, ``sql.Composed`` and template strings, too."""
    if isinstance(query, (str, bytes)):
        return query, params
    if hasattr(query, "as_bytes"):
        return query.as_bytes(cursor), params
    from psycopg._transformer import Transformer
    from psycopg._tstrings import TemplateProcessor

    processor = TemplateProcessor(query, tx=Transformer(cursor), server_params=True)
    processor.process()
    return processor.query, processor.params


def _watch_many(original: Any) -> Any:
    def executemany(self: Any, query: Any, params_seq: Any, *rest: Any) -> Steps:
        opened = None
        if here() is not None:
            with suppress(Exception):
                sets = params_seq if isinstance(params_seq, (list, tuple)) else ()
                many = len(params_seq) if hasattr(params_seq, "__len__") else 0
                opened = _begin(self, query, sets, sys._getframe(1), many)
        if opened is None:
            return (yield from original(self, query, params_seq, *rest))
        if isinstance(params_seq, Iterator):
            params_seq = counting(opened, params_seq)
        try:
            yield from original(self, query, params_seq, *rest)
        except BaseException as error:
            end(opened, error=error)
            raise
        end(opened, _rowcount(self, None))

    return executemany


def _watch_stream(original: Any) -> Any:
    """The span of a stream ends with its first row; the others are counted as they come."""

    def _stream_send_gen(self: Any, query: Any, params: Any = None, **options: Any) -> Steps:
        _streaming.pop(self, None)
        opened = None
        if here() is not None:
            with suppress(Exception):
                opened = _begin(self, query, params, sys._getframe(1))
        try:
            yield from original(self, query, params, **options)
        except BaseException as error:
            end(opened, error=error)
            raise
        if opened is not None:
            _streaming[self] = opened

    return _stream_send_gen


def _watch_streamed(original: Any) -> Any:
    def _stream_fetchone_gen(self: Any, first: bool) -> Steps:
        opened = _streaming.get(self) if _streaming else None
        if opened is None:
            return (yield from original(self, first))
        try:
            result = yield from original(self, first)
        except BaseException as error:
            end(opened, error=error)
            raise
        end(opened, _known(opened) + (0 if result is None else result.ntuples))
        return result

    return _stream_fetchone_gen


def _watch_cancel(original: Any) -> Any:
    """A stream is cancelled when nobody wants the rest of it: what then still comes is not counted."""

    def _should_cancel(self: Any) -> Any:
        for cursor in list(_streaming):
            if cursor._conn is self:
                _streaming.pop(cursor, None)
        return original(self)

    return _should_cancel


def _watch_copy(original: Any) -> Any:
    """The span of a COPY ends with its block, but is not current there: the block is the application's."""

    def _start_copy_gen(self: Any, statement: Any, params: Any = None) -> Steps:
        opened = None
        if here() is not None:
            with suppress(Exception):
                opened = _begin(self, statement, params, sys._getframe(1))
        try:
            yield from original(self, statement, params)
        except BaseException as error:
            end(opened, error=error)
            raise
        end(opened)
        if opened is not None:
            _copying[self] = opened

    return _start_copy_gen


def _watch_copied(original: Any) -> Any:
    def __exit__(self: Any, kind: Any, error: Any, trace: Any) -> None:  # noqa: N807 - as psycopg names it
        try:
            original(self, kind, error, trace)
        except BaseException as raised:
            error = raised
            raise
        finally:
            with suppress(Exception):
                _copied(self.cursor, error)

    return __exit__


def _watch_copied_async(original: Any) -> Any:
    async def __aexit__(self: Any, kind: Any, error: Any, trace: Any) -> None:  # noqa: N807
        try:
            await original(self, kind, error, trace)
        except BaseException as raised:
            error = raised
            raise
        finally:
            with suppress(Exception):
                _copied(self.cursor, error)

    return __aexit__


def _copied(cursor: Any, error: BaseException | None) -> None:
    opened = _copying.pop(cursor, None) if _copying else None
    if opened is None or opened.recording.closed:
        return
    opened.end_ns = opened.recording.now_ns()
    counts = [result.command_tuples for result in cursor._results]
    end(opened, next((count for count in counts if count is not None), cursor._rowcount), error)


def _watch_sent(original: Any) -> Any:
    def _maybe_prepare_gen(self: Any, *args: Any, **options: Any) -> Steps:
        yield from original(self, *args, **options)
        pipeline = self._conn._pipeline
        if pipeline is not None:
            opened = here()
            if isinstance(opened, Query) and opened.link is _links.get(self._conn):
                _awaited.setdefault(pipeline, {})[id(pipeline.result_queue[-1])] = opened

    return _maybe_prepare_gen


def _watch_results(original: Any) -> Any:
    def _process_results(self: Any, queued: Any, results: Any) -> None:
        awaited = _awaited.get(self) if _awaited else None
        opened = awaited.pop(id(queued), None) if awaited else None
        failure = None
        try:
            original(self, queued, results)
        except BaseException as error:
            failure = error
            raise
        finally:
            with suppress(Exception):
                _arrived(opened, results, failure)

    return _process_results


def _arrived(opened: Query | None, results: Any, failure: BaseException | None) -> None:
    if opened is None or opened.recording.closed:
        return
    if opened.end_ns >= 0:
        opened.end_ns = opened.recording.now_ns()
    if failure is not None:
        leave(opened, failure)
    else:
        opened.rows = _known(opened) + sum(result.command_tuples or 0 for result in results)


def _known(opened: Query) -> int:
    return opened.rows if isinstance(opened.rows, int) else 0


def _watch_connect(original: Any) -> Any:
    def _connect_gen(cls: Any, conninfo: str = "", **options: Any) -> Steps:
        opened = None
        if here() is not None:
            with suppress(Exception):
                opened = _noted(begin_connect(SYSTEM, *_target(conninfo), sys._getframe(1)), cls)
        try:
            connection = yield from original(cls, conninfo, **options)
        except BaseException as error:
            leave(opened, error)
            raise
        leave(opened)
        return connection

    return _connect_gen


def _target(conninfo: str) -> tuple[str, str]:
    """Host with port, and database, of a connection to be made."""
    from psycopg.conninfo import conninfo_to_dict

    known = conninfo_to_dict(conninfo)
    host = str(known.get("host") or known.get("hostaddr") or "")
    database = str(known.get("dbname") or known.get("user") or "")
    return f"{host}:{known.get('port') or DEFAULT_PORT}", database


def _link(connection: Any) -> Link:
    known = _links.get(connection)
    if known is None:
        info = connection.info
        known = _links[connection] = next_link(SYSTEM, f"{info.host}:{info.port}", info.dbname)
    return known
