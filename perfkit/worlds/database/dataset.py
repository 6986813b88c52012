"""What a database holds at the start: tables, rows and indexes, one definition for SQLite and PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from perfkit.errors import WorldError

Dialect = Literal["sqlite", "postgresql"]

Rows = Iterable[Sequence[Any]]


@dataclass(frozen=True)
class Table:
    """One table.

    ``columns`` maps names to types with their constraints, as both databases take them, or to one text per
    dialect. ``rows()`` gives the rows, in the order of the columns; it is called for every loading, so that
    they need not be kept. ``indexes`` are tuples of columns; ``constraints`` what else belongs into the
    table's definition.

    >>> table = Table("jobs", {"id": "bigint PRIMARY KEY", "at": {"sqlite": "text", "postgresql": "date"}},
    ...               rows=lambda: [(1, "2026-01-05")], indexes=[("at",)])
    >>> table.create("postgresql")
    ['CREATE TABLE "jobs" ("id" bigint PRIMARY KEY, "at" date)']
    >>> table.create_indexes()
    ['CREATE INDEX "jobs_at_idx" ON "jobs" ("at")']
    """

    name: str
    columns: Mapping[str, str | Mapping[Dialect, str]]
    rows: Callable[[], Rows] = tuple
    indexes: Sequence[Sequence[str]] = ()
    constraints: Sequence[str] = ()

    def create(self, dialect: Dialect) -> list[str]:
        """The statements that make the table, without its indexes."""
        parts = [f"{quoted(name)} {self._type(name, dialect)}" for name in self.columns]
        return [f"CREATE TABLE {quoted(self.name)} ({', '.join([*parts, *self.constraints])})"]

    def _type(self, column: str, dialect: Dialect) -> str:
        kind = self.columns[column]
        if isinstance(kind, str):
            return kind
        if dialect not in kind:
            raise WorldError(f"column {self.name}.{column} has no type for {dialect}: add {dialect!r} to it")
        return kind[dialect]

    def create_indexes(self) -> list[str]:
        """The statements that make its indexes: faster after the rows are there."""
        return [
            f"CREATE INDEX {quoted('_'.join([self.name, *columns, 'idx']))} "
            f"ON {quoted(self.name)} ({', '.join(map(quoted, columns))})"
            for columns in self.indexes
        ]

    def checked_rows(self) -> Iterator[Sequence[Any]]:
        """The rows; WorldError for one with too few or too many values."""
        width = len(self.columns)
        for number, row in enumerate(self.rows()):
            if len(row) != width:
                raise WorldError(
                    f"row {number} of table {self.name} has {len(row)} values for {width} columns: "
                    f"{', '.join(self.columns)}"
                )
            yield row


@dataclass(frozen=True)
class Dataset:
    """All tables, made and filled in their order.

    ``statements`` are run at the end, in the database they are given for: views, functions, a sequence's
    start.
    """

    tables: Sequence[Table]
    statements: Mapping[Dialect, Sequence[str]] | None = None

    def last_statements(self, dialect: Dialect) -> Sequence[str]:
        """What is to be run after the tables are filled."""
        return (self.statements or {}).get(dialect, ())


Load = Callable[[int, int], Dataset]
"""Gives the data of a size and a seed: the same for the same two."""


def plain(value: Any) -> Any:
    """A value as SQLite takes it, which knows numbers, texts and bytes only.

    >>> from datetime import date
    >>> plain(True), plain(date(2026, 1, 5)), plain({"a": 1})
    (1, '2026-01-05', '{"a": 1}')
    """
    if value is None or type(value) in (int, float, str, bytes):
        return value
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value)
    return str(value)


def quoted(name: str) -> str:
    """A name as both databases take it."""
    return '"' + name.replace('"', '""') + '"'
