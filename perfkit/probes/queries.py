"""What the probes of databases share: how a query, a transaction and a connection become spans.

Values never enter a trace unless the recording was asked to keep them: a statement is kept as its template,
its parameters as a hash. A query inside a query is not recorded again: SQLAlchemy's or Django's span has it
already when the driver below is called.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from threading import get_ident
from types import FrameType
from typing import Any, NamedTuple

from perfkit.fingerprints.sql import Statement, describe_sql
from perfkit.fingerprints.values import digest, digest_each, encode_params
from perfkit.model.plain import represent
from perfkit.tracing import Operation, here, leave
from perfkit.tracing import enter as enter_span
from perfkit.tracing.callpath import capture
from perfkit.tracing.open_spans import Detour, OpenSpan, Root
from perfkit.tracing.scopes import active, current, innermost
from perfkit.tracing.spans import UserSpan
from perfkit.tracing.tasks import start_of_task

_TELL_ALL = ("query", "transaction", "connect")
"""Kinds of operations that have told already what is done for them further down."""

_NO_OPERATIONS = frozenset({Root, OpenSpan, UserSpan, Detour})
"""Told apart by their type: isinstance would ask their metaclass, and their ``kind`` is a property."""

_numbers = itertools.count(1)
_get, _set = current.get, current.set
_modules = sys.modules


class Link(NamedTuple):
    """One connection, numbered in this process, as the probe ``library`` saw it.

    ``system`` is OpenTelemetry's name ("postgresql", "sqlite", "mysql", "redis"), ``host`` has its port and
    is "" for a file.
    """

    system: str
    host: str
    database: str
    number: int
    library: str


def next_link(system: str, host: str, database: str) -> Link:
    """The identity of a connection that was just made, as seen by the probe that calls this."""
    return Link(system, host, database, next(_numbers), _probe(sys._getframe(1)))


class Query(Operation, eq=False):
    """A query under way. ``params`` is the cheap half of their hash; ``rows`` may be added after the end.

    ``rows`` is a number, None, or an ``itertools.count`` that has the number of the next row to be fetched.
    ``aside_ns`` is time within it that is not its own; not ``done``: facts about it are still to come.
    """

    statement: Statement | None = None
    link: Link | None = None
    params: bytes = b""
    rows: int | itertools.count[int] | None = None
    many: int | None = None
    transaction: bool | None = None
    aside_ns: int = 0
    done: bool = True

    def facts(self) -> dict[str, Any]:
        """The attributes of the finished span."""
        link, statement = self.link, self.statement
        assert link is not None  # noqa: S101 - made by this module only, with both
        assert statement is not None  # noqa: S101
        facts: dict[str, Any] = {
            "sql": statement.template,
            "params": digest(self.params),
            "system": link.system,
            "host": link.host,
            "database": link.database,
            "connection": link.number,
            "library": link.library,
        }
        rows = self.rows
        if rows is not None:
            # its repr is the only way to read a count without changing it
            facts["rows"] = rows if isinstance(rows, int) else int(repr(rows)[len("count(") : -1]) - 1
        if self.many is not None:
            facts["many"] = self.many
        if self.transaction is not None:
            facts["transaction"] = self.transaction
        facts.update(values_of(statement, self.params))
        if statement.kind == "catalogue":
            facts["catalogue"] = True
        return {**facts, **self.attrs} if self.attrs else facts


def values_of(statement: Statement, encoded: bytes) -> dict[str, Any]:
    """What is kept of a statement's values one by one, since pages and chunks are told from loops by it.

    ``listed``: how many the longest list has. ``each``: a hash for each of the statement's values in their
    order, "" for a literal; or else ``parameters``: one for each of those that were given.
    """
    if not (statement.lists or statement.limit or statement.ranged):
        return {"listed": statement.listed} if statement.listed else {}
    each = digest_each(encoded, statement.marks)
    listed = statement.listed or (each.longest if each else 0)
    facts: dict[str, Any] = {"listed": listed} if listed else {}
    if each is not None and len(each.hashes) > 1:
        facts["each" if each.in_order else "parameters"] = each.hashes
    return facts


def begin(
    sql: str | bytes | None,
    params: object,
    link: Link,
    frame: FrameType | None,
    *,
    many: int | None = None,
    transaction: bool | None = None,
    lowest: bool = False,
) -> Query | None:
    """Open the span of a statement; None where nothing is recorded, or an outer layer has recorded it.

    What a library asks while it connects is part of the connecting.

    ``many`` is the number of parameter sets of an executemany (0: unknown), ``transaction`` whether the
    connection is inside one. ``lowest``: no layer below could record it again, so it need not become the
    current span. BEGIN, COMMIT and the like become spans of kind "transaction".
    """
    if not active:
        return None
    scope = _get()
    while scope.end_ns >= 0:
        scope = scope.parent  # type: ignore[assignment]
    if scope.held is not None or scope.place is None:
        scope = innermost()
    place = scope.place
    if place is None or (type(scope) not in _NO_OPERATIONS and scope.kind in _TELL_ALL):
        return None
    if "_asyncio" in _modules or place.thread.ident != get_ident():
        place = place.recording.place_of_task()
    text = sql if type(sql) is str else _text(sql)
    statement = describe_sql(text)
    encoded = b""
    try:
        if not params and many is None and "?" in statement.template:
            params = text  # its values are in the text itself
        if params:
            encoded = encode_params(params)
    except Exception:  # an object of the program's own that lets nobody look
        params = None
    opened = Query(
        statement.template,
        parent=scope,
        place=place,
        caller=capture(frame) or start_of_task(),
        kind="transaction" if statement.kind == "transaction" else "query",
        statement=statement,
        link=link,
        params=encoded,
        many=many,
        transaction=transaction,
    )
    if params and place.recording.keep_values:
        opened.note(values=represent(params))
    place.append(opened)
    if not lowest:
        _set(opened)
    opened.start_ns = now = place.now_ns()
    if now >= place.thread.due_ns:
        opened.start_ns = place.read_processor_clock(now)
    return opened


def end(opened: Query | None, rows: int | None = None, error: BaseException | None = None) -> None:
    """Close the span. ``rows`` returned or changed: None or, as DB-API has it, -1 if that is not known."""
    if opened is None:
        return
    if error is not None or opened.place is None or opened.end_ns >= 0:
        leave(opened, error)
    else:  # as leave does it, but for a call less
        place = opened.place
        now = place.now_ns()
        opened.end_ns = now - opened.aside_ns
        if now >= place.thread.due_ns:
            place.read_processor_clock(now)
    if rows is not None and rows >= 0:
        opened.rows = rows


def begin_transaction(name: str, link: Link, frame: FrameType | None) -> Query | None:
    """Open the span of a driver's own ``commit()``, ``rollback()`` or ``begin()``."""
    return begin(name, None, link, frame)


def begin_connect(system: str, host: str, database: str, frame: FrameType | None) -> Operation | None:
    """Open the span of a new connection; None where nothing is recorded, or an outer layer did it."""
    scope = here()
    if scope is None or scope.kind == "connect":
        return None
    library = _probe(sys._getframe(1))
    attrs = {"system": system, "host": host, "database": database, "library": library}
    return enter_span("connect", f"connect {host or database}", attrs, frame)


def within(opened: Operation | None, function: Any, *args: Any) -> Any:
    """Call a function of a library's, and close the span when it is done."""
    try:
        result = function(*args)
    except BaseException as error:
        leave(opened, error)
        raise
    leave(opened)
    return result


def counting(opened: Query, sets: Iterator[Any]) -> Iterator[Any]:
    """The parameter sets of an executemany that has no length, counted as the driver takes them."""
    for opened.many, parameters in enumerate(sets, 1):
        yield parameters


def _probe(frame: FrameType) -> str:
    return str(frame.f_globals["__name__"]).rpartition(".")[2]


def _text(sql: object) -> str:
    """What a driver took for a statement, which need not be a str; "" if it does not tell."""
    try:
        if isinstance(sql, (bytes, bytearray, memoryview)):
            return bytes(sql).decode("utf-8", "replace")
        return "" if sql is None else str.__str__(sql) if isinstance(sql, str) else str(sql)
    except Exception:
        return ""
