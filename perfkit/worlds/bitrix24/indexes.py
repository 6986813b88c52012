"""Where the rows with a value are: built when first asked for, and kept up with every write."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import Any

from perfkit.worlds.bitrix24.fields import Field
from perfkit.worlds.bitrix24.filters import or_null


class Index:
    """Positions of the rows by the values of one field, in ascending order."""

    def __init__(self, field: Field, values: Iterable[tuple[int, Any]]) -> None:
        self._field = field
        self._rows: dict[Any, list[int]] = {}
        for position, value in values:
            for key in self.keys(value):
                self._rows.setdefault(key, []).append(position)

    def keys(self, value: Any) -> tuple[Any, ...]:
        """What a filter may find ``value`` by. A field of several values without any is NULL."""
        return keys_of(self._field, value)

    def rows(self, keys: Iterable[Any]) -> list[list[int]]:
        """The positions for each of ``keys``: nobody may change them."""
        return [self._rows[key] for key in keys if key in self._rows]

    def add(self, position: int, value: Any) -> None:
        """A row has this value from now on."""
        for key in self.keys(value):
            insort(self._rows.setdefault(key, []), position)

    def discard(self, position: int, value: Any) -> None:
        """A row no longer has this value."""
        for key in self.keys(value):
            rows = self._rows[key]
            del rows[bisect_left(rows, position)]


def keys_of(field: Field, value: Any) -> tuple[Any, ...]:
    """What a filter may find a field's ``value`` by, each once."""
    kind = field.kind
    if kind.keys is None:
        return (or_null(value),)
    found = tuple(dict.fromkeys(kind.keys(value))) if value is not None else ()
    return found if found or kind.join else (None,)
