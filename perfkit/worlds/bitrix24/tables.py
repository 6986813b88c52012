"""Rows of an entity in columns, found through indexes, so that a page costs a page whatever the table's size.

Rows have positions 0, 1, 2 ... in the order of their ID. A result is a sequence of positions; rows are made
only for the page that is returned.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

from perfkit.worlds.bitrix24.fields import Field
from perfkit.worlds.bitrix24.filters import Condition, or_null, predicate

Order = tuple[tuple[str, bool], ...]
"""Fields to sort by, each with whether it descends."""

Index = dict[Any, list[int]]
CACHED_RESULTS = 128
_BOUNDS = {"ge", "gt", "le", "lt"}


@dataclass(frozen=True)
class Relation:
    """A filter key that joins other rows: ``parse`` gives the keys a filter asks for, ``entries`` all keys.

    An entry is a key and the position of a row that has it; a row may have several, and is found as often.
    """

    parse: Callable[[Any], tuple[Any, ...]]
    entries: Callable[[], Iterable[tuple[Any, int]]]


class Table:
    """The rows of one entity. ``fields`` must hold ID, ascending with the position.

    ``compared`` counts rows tested against a condition and ``rendered`` rows made, since the table was built.
    """

    def __init__(
        self,
        fields: Sequence[Field],
        size: int,
        *,
        default_order: Order = (("ID", False),),
        relations: Mapping[str, Relation] | None = None,
    ) -> None:
        self.fields = {field.name: field for field in fields}
        self.size = size
        self.default_order = default_order
        self.relations = dict(relations or {})
        self.compared = 0
        self.rendered = 0
        self._indexes: dict[str, Index] = {}
        self._matching = lru_cache(CACHED_RESULTS)(self._match)
        self._sorted = lru_cache(CACHED_RESULTS)(self._sort)

    def find(self, conditions: tuple[Condition, ...], order: Order) -> Sequence[int]:
        """Positions of the rows that meet all ``conditions``, in ``order`` (equal ones by ID)."""
        if order and order[0][0] != "ID":
            return self._sorted(conditions, order)
        rows = self._ascending(conditions)
        return rows[::-1] if order and order[0][1] else rows

    def lookup(self, identity: int) -> int | None:
        """Position of the row with this ID."""
        found = self._index("ID").get(identity)
        return found[0] if found else None

    def render(self, positions: Iterable[int], names: Iterable[str] | None = None) -> list[dict[str, Any]]:
        """The rows at ``positions``, with the fields ``names`` or all."""
        chosen = list(self.fields.values()) if names is None else [self.fields[name] for name in names]
        rows = [{field.name: field.show(position) for field in chosen} for position in positions]
        self.rendered += len(rows)
        return rows

    def _ascending(self, conditions: tuple[Condition, ...]) -> Sequence[int]:
        """Bounds on the ID cut a piece out of the other conditions' result: pages by ID stay cheap."""
        bounds = [c for c in conditions if c.field == "ID" and c.test in _BOUNDS]
        rows = self._matching(tuple(c for c in conditions if c not in bounds))
        if not bounds:
            return rows
        first, last = self._between(bounds)
        return rows[bisect_left(rows, first) : bisect_left(rows, last)]

    def _between(self, bounds: Iterable[Condition]) -> tuple[int, int]:
        first, last = 0, self.size
        read = self.fields["ID"].read
        for bound in bounds:
            (value,) = bound.values
            side = bisect_left if bound.test in ("ge", "lt") else bisect_right
            position = side(range(self.size), value, key=read)
            if bound.test in ("ge", "gt"):
                first = max(first, position)
            else:
                last = min(last, position)
        return first, max(first, last)

    def _sort(self, conditions: tuple[Condition, ...], order: Order) -> Sequence[int]:
        rows = list(self._ascending(conditions))
        for name, descends in reversed(order):
            read = self.fields[name].read
            rows.sort(key=lambda position: _nulls_first(read(position)), reverse=descends)
        return rows

    def _match(self, conditions: tuple[Condition, ...]) -> Sequence[int]:
        rows, rest = self._candidates(conditions)
        for condition in rest:
            meets = predicate(condition, self.fields[condition.field])
            self.compared += len(rows)
            rows = [position for position in rows if meets(position)]
        return rows

    def _candidates(self, conditions: tuple[Condition, ...]) -> tuple[Sequence[int], list[Condition]]:
        """The fewest rows an index offers, and the conditions still to be tested on them."""
        offers = [(self._offer(c), c) for c in conditions if self._has_index(c)]
        if not offers:
            return range(self.size), list(conditions)
        joins = [c for c in conditions if c.field in self.relations]
        best = next((o for o in offers if o[1] in joins), None) or min(
            offers, key=lambda o: sum(map(len, o[0]))
        )
        rows = sorted(chain.from_iterable(best[0]))
        return rows, [c for c in conditions if c != best[1] and c.field not in self.relations]

    def _has_index(self, condition: Condition) -> bool:
        if condition.field in self.relations:
            return True
        return condition.test == "in" and not condition.negated and self.fields[condition.field].indexed

    def _offer(self, condition: Condition) -> list[list[int]]:
        index = self._index(condition.field)
        return [index[value] for value in condition.values if value in index]

    def _index(self, name: str) -> Index:
        index = self._indexes.get(name)
        if index is None:
            index = self._indexes[name] = {}
            for value, position in self._entries(name):
                index.setdefault(value, []).append(position)
        return index

    def _entries(self, name: str) -> Iterable[tuple[Any, int]]:
        if name in self.relations:
            return self.relations[name].entries()
        read = self.fields[name].read
        return ((or_null(read(position)), position) for position in range(self.size))


def _nulls_first(value: Any) -> tuple[bool, Any]:
    return (value is not None, value)
