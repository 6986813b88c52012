"""The plans of SQLite: asked for on the program's own connection, by a cursor that nobody watches.

EXPLAIN QUERY PLAN leaves the connection's transaction and other cursors alone, and trace callbacks do not see
it. Authorizers would, so a connection that the program watches by callbacks is left alone altogether.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from perfkit.fingerprints.sql import describe_sql
from perfkit.fingerprints.sql_conditions import Select, selects
from perfkit.probes.plans import (
    MAX_COUNTED,
    MAX_TABLES,
    Asking,
    Facts,
    HookedConnectionError,
    asked_by,
    claim,
    counted_columns,
    counting,
    quoted,
    sorted_by,
    worth_counting,
)
from perfkit.probes.queries import Query

HOOKED = "_perfkit_hooked"
"""Attribute of a connection on which the program has set callbacks of its own."""

_LOOP = re.compile(
    r"(?P<how>SCAN|SEARCH) (?:TABLE )?(?P<name>.+?)(?: AS (?P<alias>\S+))?"
    r"(?: USING (?P<using>.+?))?(?: LEFT-JOIN| EXISTS)?(?: \(~.*\))?"
)
"""A loop over a table in a plan; until SQLite 3.36 with the word TABLE and the alias behind the name."""

_NO_TABLE = re.compile(r"(?:\d+ )?CONSTANT ROWS?|SUBQUERY .*|\(.*|.* VIRTUAL TABLE .*")
_TERMS = re.compile(r"\((.*)\)")


def explain(opened: Query | None, connection: Any, sql: str, params: Any) -> None:
    """Ask for the plan of a statement that was just executed there. Never raises an Exception."""
    span = claim(opened, sql)
    if span is not None:
        ask(span, connection, sql, params)


def ask(span: Query, connection: Any, sql: str, params: Any) -> None:
    """The same for a span that was claimed already; to be called in the thread that uses the connection."""
    with Asking(span):
        if getattr(connection, HOOKED, False):
            raise HookedConnectionError
        import sqlite3

        cursor = sqlite3.Connection.cursor(connection, sqlite3.Cursor)
        cursor.row_factory = None
        try:
            lines = cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params).fetchall()
            found = selects(describe_sql(sql).template)
            loops = _loops([(row[0], row[1], _text(row[3])) for row in lines])
            span.note(plan=[_entry(loop, found, _Tables(cursor)) for loop in loops])
        finally:
            cursor.close()


class _Loop(NamedTuple):
    """One table that a plan reads. ``before``: those read already; ``sorts``: its rows are then sorted."""

    name: str
    access: str
    using: str
    before: frozenset[str]
    sorts: bool


def _loops(lines: list[tuple[int, int, str]]) -> Iterator[_Loop]:
    """The loops of a plan; ``lines`` have number, number of the line above, and text."""
    before: dict[int, list[str]] = {}
    sorting = {above for _, above, text in lines if text.startswith("USE TEMP B-TREE") and "ORDER BY" in text}
    for _, above, text in lines:
        found = _LOOP.fullmatch(text)
        if found is None or _NO_TABLE.fullmatch(found["name"]):
            continue
        using = found["using"] or ""
        access = "scan" if found["how"] == "SCAN" else "automatic" if "AUTOMATIC" in using else "search"
        name = (found["alias"] or found["name"]).lower()
        outer = before.setdefault(above, [])
        yield _Loop(name, access, using, frozenset(outer), above in sorting)
        outer.append(name)


class _Tables:
    """What a connection tells of its tables."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self._asked = 0

    def columns(self, table: str) -> frozenset[str]:
        """Its columns in lower case; empty if there is no such table."""
        return frozenset(name.lower() for name, _ in self._pragma("table_info", table))

    def indexed(self, table: str) -> list[str]:
        """The first columns of its indexes and of its primary key."""
        indexes = [name for name, _ in self._pragma("index_list", table)]
        found = [self._rows(f"SELECT name FROM pragma_index_info({_literal(name)})") for name in indexes]  # noqa: S608
        first = {_text(rows[0][0]) for rows in found if rows and rows[0][0] is not None}
        return sorted(first | {name for name, place in self._pragma("table_info", table) if place == 1})

    def count(self, table: str, columns: list[str]) -> Facts:
        """``rows``, ``about`` and ``distinct``, as far as they can be known."""
        if self._asked >= MAX_TABLES:
            return {}
        self._asked += 1
        try:
            (counts,) = self._rows(counting(_quoted(table), [quoted(column) for column in columns]))
        except Exception:  # a table of a module that counts in its own way
            return {}
        facts: Facts = {"rows": counts[0]}
        if counts[0] >= MAX_COUNTED:
            facts.update(rows=max(MAX_COUNTED, self._estimate(table)), about=True)
        if columns:
            facts["distinct"] = dict(zip(columns, counts[1:], strict=True))
        return facts

    def _estimate(self, table: str) -> int:
        """Rows of a large table, if its row numbers are as dense everywhere as in its first rows."""
        name = _quoted(table)
        first = f"SELECT rowid FROM {name} ORDER BY rowid LIMIT {MAX_COUNTED}"  # noqa: S608
        try:
            ((lowest, reached),) = self._rows(f"SELECT min(rowid), max(rowid) FROM ({first})")  # noqa: S608
            ((highest,),) = self._rows(f"SELECT max(rowid) FROM {name}")  # noqa: S608
            estimate: int = 1 + round((MAX_COUNTED - 1) * (highest - lowest) / (reached - lowest))
        except Exception:  # a table without row numbers
            return 0
        return estimate

    def _pragma(self, name: str, table: str) -> list[tuple[str, int]]:
        """Of each entry its name and, of a column, its place in the primary key (from 1; 0: none)."""
        schema, _, plain = table.rpartition(".")
        of = _literal(plain) + (f", {_literal(schema)}" if schema else "")
        place = "pk" if name == "table_info" else "0"
        rows = self._rows(f"SELECT name, {place} FROM pragma_{name}({of})")  # noqa: S608
        return [(_text(row[0]), row[1]) for row in rows]

    def _rows(self, sql: str) -> list[Any]:
        return self._cursor.execute(sql).fetchall()  # type: ignore[no-any-return]


def _entry(loop: _Loop, found: Sequence[Select], tables: _Tables) -> Facts:
    if not any(loop.name in select.tables for select in found):
        loop = loop._replace(name=loop.name.rpartition(".")[2])  # main.orders
    holding = [select for select in found if loop.name in select.tables]
    table = next((select.tables[loop.name] for select in holding), "") or loop.name
    entry: Facts = {"table": table, "access": loop.access}
    if loop.access == "search":
        return entry
    columns = tables.columns(table)
    if not columns:  # what a WITH or a subquery gives
        return {**entry, "access": "search"}
    asked = [_asked(loop, select, columns) for select in holding]
    if not asked:
        entry["condition"] = True  # a view's own
    elif all(facts == asked[0] for facts in asked):
        entry.update(asked[0])
    elif any("condition" in facts for facts in asked):
        entry["condition"] = True
    if loop.access == "automatic":
        entry.update(condition=True, equal=_equal(loop.using))
    if worth_counting(entry):
        entry.update(tables.count(table, counted_columns(entry)), indexed=tables.indexed(table))
    return entry


def _equal(using: str) -> list[str]:
    """The columns that are asked by equality in ``AUTOMATIC COVERING INDEX (a=? AND b>?)``."""
    found = _TERMS.search(using)
    terms = found[1].split(" AND ") if found else []
    return [term.removesuffix("=?") for term in terms if term.endswith("=?")]


def _asked(loop: _Loop, select: Select, columns: frozenset[str]) -> Facts:
    def is_own(table: str, column: str) -> bool:
        named = table.lower() in (loop.name, "") if table else True
        return named and column.lower() in columns

    def is_known(needs: frozenset[str]) -> bool:
        return "" not in needs and not (needs & select.tables.keys()) - loop.before

    chosen = frozenset(
        table.lower()
        for condition in select.conditions
        if not condition.needs and condition.kind != "other"
        for table, _ in condition.columns
    )
    facts = asked_by(select.conditions, is_own, is_known, chosen - {loop.name, ""})
    if select.limited and not select.summed and loop.sorts:
        sort = sorted_by(select.order, is_own)
        if sort:
            facts["sort"] = sort
    return facts


def _quoted(table: str) -> str:
    schema, _, plain = table.rpartition(".")
    return f"{quoted(schema)}.{quoted(plain)}" if schema else quoted(plain)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _text(value: Any) -> str:
    """A text of the database's: the program may have it given as bytes, or as something of its own."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
