"""Rows as JSON objects: which fields, under which names, shown how."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from perfkit.worlds.bitrix24.fields import Constant, Field, Show
from perfkit.worlds.bitrix24.tables import Table

T = TypeVar("T")


class Column(NamedTuple):
    """A field under a key; ``show`` turns what rows hold into JSON, and NULL is ``empty``.

    The key is left out of rows where it is NULL if the column is ``optional``.
    """

    key: str
    field: Field
    show: Show = None
    empty: Any = None
    optional: bool = False

    def shown(self, value: Any) -> Any:
        """``value`` as JSON."""
        if value is None:
            return self.empty
        return value if self.show is None else self.show(value)


class Layout:
    """How rows look: columns in their order. Columns that are the same in every row are worked out once."""

    def __init__(self, columns: Iterable[Column]) -> None:
        self.columns = tuple(columns)
        self._optional = [column.key for column in self.columns if column.optional]
        # A list that several rows shared could be changed in all of them.
        self._varying = [
            column
            for column in self.columns
            if column.field.several or not isinstance(column.field.read, Constant)
        ]
        # Placeholders keep the keys in order.
        self._template = {column.key: _constant(column) for column in self.columns}

    def rows(self, table: Table, positions: Sequence[int]) -> list[dict[str, Any]]:
        """The rows of ``table`` at ``positions``."""
        table.rendered += len(positions)
        if table.written and not table.written.keys().isdisjoint(positions):
            rows = [self._row(table, position) for position in positions]
        else:
            rows = self._generated(positions)
        for key in self._optional:
            for row in rows:
                if row[key] is None:
                    del row[key]
        return rows

    def row(self, table: Table, position: int) -> dict[str, Any]:
        """The row of ``table`` at ``position``."""
        table.rendered += 1
        row = self._row(table, position)
        for key in self._optional:
            if row[key] is None:
                del row[key]
        return row

    def _row(self, table: Table, position: int) -> dict[str, Any]:
        written = table.written.get(position)
        if written is not None:
            return {column.key: column.shown(written[column.field.name]) for column in self.columns}
        row = self._template.copy()
        for key, field, show, empty, _ in self._varying:
            value = field.read(position)
            row[key] = empty if value is None else value if show is None else show(value)
        return row

    def _generated(self, positions: Sequence[int]) -> list[dict[str, Any]]:
        """Column by column, which takes half the time of row by row."""
        rows = [self._template.copy() for _ in positions]
        for column in self._varying:
            key = column.key
            for row, value in zip(rows, _cells(column, positions), strict=True):
                row[key] = value
        return rows


KEPT_LAYOUTS = 256


def layout_of(table: Table, key: Hashable, make: Callable[[], T]) -> T:
    """What was made before for ``table`` under ``key``, or a new one: a layout, or what one is made of."""
    found: T | None = table.layouts.get(key)
    if found is None:
        if len(table.layouts) >= KEPT_LAYOUTS:
            table.layouts.clear()
        found = table.layouts[key] = make()
    return found


def _constant(column: Column) -> Any:
    read = column.field.read
    return column.shown(read.value) if isinstance(read, Constant) else None


def _cells(column: Column, positions: Iterable[int]) -> Iterable[Any]:
    """The column's values in several rows. ``map`` makes no Python call site wait for one kind of callee."""
    _, field, show, empty, _ = column
    values = list(map(field.read, positions))
    if None not in values:
        return values if show is None else map(show, values)
    return [empty if value is None else value if show is None else show(value) for value in values]


def classic(field: Field) -> Column:
    """A field as the classic methods show it."""
    optional = field.part == "named" and field.several
    return Column(field.name, field, field.kind.show, optional=optional)


def camel_case(field: Field) -> Column:
    """A field as ``crm.item.*`` shows it."""
    return Column(field.item_name, field, field.kind.item, field.kind.empty)
