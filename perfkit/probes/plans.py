"""Query plans: for which statements one is asked, and what is kept of it.

A recording with ``explain`` asks once per template and database, right after the statement has been answered,
on the very connection that answered it: there are the same temporary tables, search path and settings. Only a
single SELECT that writes and locks nothing is asked about, by a plain EXPLAIN, which runs nothing. What is
kept, as the span's attribute ``plan``, is a list with an entry for each table that is read:

- ``table``; ``access``: "scan" (all of it, or all of an index), "search" (part, by an index) or "automatic"
  (by an index that SQLite makes for this query alone).
- Of a scan, ``condition`` if not all of its rows are wanted, and the columns that are asked by: ``equal``,
  ``null`` (IS NULL), ``range``, ``like``, ``call`` (pairs of function and column), ``any`` (alternatives),
  ``joined`` (equal to one of a table that is chosen from itself, or of which ``others`` rows remain),
  ``sort`` (of ORDER BY with a LIMIT; a descending one begins with "-").
- ``rows`` of the table, counted up to MAX_COUNTED; if ``about``, there are more, and this is an estimate.
  ``distinct`` values of its columns in the rows that were counted. ``expected`` rows that meet the
  conditions, by the database's own statistics. ``indexed``: first columns of its indexes.

No value is ever among them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

from perfkit.fingerprints.sql import Statement, describe_sql
from perfkit.fingerprints.sql_conditions import Condition, Order
from perfkit.probes.queries import Query
from perfkit.tracing.scopes import innermost

Facts = dict[str, Any]

MAX_COUNTED = 10_000
"""Rows of a table that are counted, to know whether reading all of it matters."""

MAX_TABLES = 8
"""So many tables of a plan are looked at more closely."""

_CHANGING = re.compile(r"\b(?:INSERT|UPDATE|DELETE|MERGE|INTO|TRUNCATE|CREATE|DROP|ALTER|SHARE|FOR)\b|;")
"""Keywords, in a template in upper case, of what writes or locks (FOR UPDATE), and the end of a statement."""

_NO_DATABASE = ("", ":memory:")


class NoPlanError(Exception):
    """Why the plan of a statement is not asked for, where that is nobody's error; its name is shown."""


class HookedConnectionError(NoPlanError):
    """The program watches the connection itself (authorizer, trace or progress callback)."""


def claim(opened: Query | None, sql: str | bytes) -> Query | None:
    """The span whose plan is to be asked for now; None if it is known already, or not to be asked for.

    ``opened`` None stands for the span of an outer layer, if that is of the same statement: SQLAlchemy's or
    Django's, of which the driver's probe knows the connection.
    """
    span = opened or _around(sql)
    if span is None or span.kind != "query" or span.many is not None or span.statement is None:
        return None
    recording, link = span.recording, span.link
    if not recording.explain or recording.closed or link is None:
        return None
    alone = link.number if link.database in _NO_DATABASE else 0
    key = (link.system, link.host, link.database, alone, span.statement.template)
    if key in recording.explained:
        return None
    recording.explained.add(key)
    return span if is_explainable(span.statement) else None


def is_explainable(statement: Statement) -> bool:
    """Whether a statement is a single SELECT that neither writes nor locks."""
    return (
        statement.verb == "SELECT" and statement.kind == "query" and not _CHANGING.search(statement.template)
    )


def _around(sql: str | bytes) -> Query | None:
    scope = innermost()
    if not isinstance(scope, Query) or scope.statement is None:
        return None
    text = sql if isinstance(sql, str) else bytes(sql).decode("utf-8", "replace")
    return scope if scope.statement.template == describe_sql(text).template else None


class Asking:
    """While a plan is asked for: its time is no part of the query's, and its failure is not the program's.

    with Asking(span):
        ...
    """

    def __init__(self, span: Query) -> None:
        self._span = span

    def __enter__(self) -> Query:
        self._span.done = False
        self._start_ns = self._span.recording.now_ns()
        return self._span

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        span, recording = self._span, self._span.recording
        took_ns = recording.now_ns() - self._start_ns
        if span.end_ns < 0:
            span.aside_ns += took_ns
        recording.explaining_ns += took_ns
        span.done = True
        if isinstance(error, Exception):
            recording.unexplained[type(error).__name__] += 1
            return True
        return False


def asked_by(
    conditions: Iterable[Condition],
    is_own: Callable[[str, str], bool],
    is_known: Callable[[frozenset[str]], bool],
    chosen: frozenset[str] = frozenset(),
) -> Facts:
    """What conditions ask of one table.

    ``is_own``: whether a column (as written: table, name) is one of its. ``is_known``: whether the columns of
    those tables have a value when this one is read. ``chosen``: tables of which not all rows are wanted.
    """
    facts: Facts = {}
    for condition in conditions:
        own = [column for table, column in condition.columns if is_own(table, column)]
        if not own:
            continue
        if not is_known(condition.needs):
            if condition.kind == "equal" and condition.needs and condition.needs <= chosen:
                _add(facts, "joined", own)
            continue
        facts["condition"] = True
        if len(own) < len(condition.columns) or condition.kind == "other":
            continue
        if condition.kind == "call":
            _add(facts, "call", [[condition.function, own[0]]])
        else:
            _add(facts, "null" if condition.null else condition.kind, own)
    return facts


def _add(facts: Facts, kind: str, found: list[Any]) -> None:
    known = facts.setdefault(kind, [])
    known += [each for each in found if each not in known]


def sorted_by(order: Iterable[Order], is_own: Callable[[str, str], bool]) -> list[str]:
    """The columns of ORDER BY if all are the table's own, a descending one with "-" before it; else none."""
    keys = list(order)
    if not all(is_own(*key.column) for key in keys):
        return []
    return [f"-{key.column[1]}" if key.descending else key.column[1] for key in keys]


def worth_counting(entry: Facts) -> bool:
    """Whether it matters how many rows the entry's table has: it is read whole, and not on purpose."""
    return entry["access"] != "search" and bool(entry.keys() & {"condition", "joined", "sort"})


def counting(table: str, columns: list[str]) -> str:
    """The statement that counts the first rows of a table, and the different values of columns in them."""
    inner = ", ".join(f"{column} AS c{n}" for n, column in enumerate(columns)) or "1 AS c0"
    outer = "".join(f", count(DISTINCT c{n})" for n in range(len(columns)))
    return f"SELECT count(*){outer} FROM (SELECT {inner} FROM {table} LIMIT {MAX_COUNTED}) AS few"  # noqa: S608


def counted_columns(entry: Facts) -> list[str]:
    """Columns of which it matters how many different values they have."""
    return [column for kind in ("equal", "any", "joined") for column in entry.get(kind, ())]


def quoted(name: str) -> str:
    """A name as SQLite and PostgreSQL take it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'
