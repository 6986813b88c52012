"""Rows of an entity, found through indexes, so that a page costs a page whatever the table's size.

Rows have positions 0, 1, 2 ... in the order of their ID. The first ones are generated: functions of their
position, shared by all portals and never changed. What is written lies over them. A result is a sequence of
positions; rows are made only for the page that is returned.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import chain, count
from typing import Any

from perfkit.worlds.bitrix24.fields import Field, Stamp
from perfkit.worlds.bitrix24.filters import Condition, Conditions, Either, predicate
from perfkit.worlds.bitrix24.indexes import Index, keys_of

Order = tuple[tuple[str, bool], ...]
"""Fields to sort by, each with whether it descends."""

CACHED_RESULTS = 128
_BOUNDS = {"ge", "gt", "le", "lt"}


class Table:
    """The rows of one entity. ``fields`` must hold ID; ``ids`` are those of the generated rows, ascending.

    ``size`` is the number of positions, ``deleted`` those without a row, ``written`` the rows that are no
    longer as they were generated, whole. ``entry_ids`` number the telephone numbers and the like that clients
    add; ``layouts`` is for whoever renders rows. ``compared`` counts rows tested against a condition and
    ``rendered`` rows made, since the table was built.
    """

    def __init__(
        self,
        fields: Sequence[Field],
        size: int,
        *,
        ids: Sequence[int] | None = None,
        default_order: Order = (("ID", False),),
        entry_ids: Iterator[int] | None = None,
    ) -> None:
        self.fields = {field.name: field for field in fields}
        self.size = size
        self.ids: Sequence[int] = range(1, size + 1) if ids is None else ids
        self.default_order = default_order
        self._entry_ids = count(1) if entry_ids is None else entry_ids
        self.written: dict[int, dict[str, Any]] = {}
        self.deleted: set[int] = set()
        self.layouts: dict[Any, Any] = {}
        self.compared = 0
        self.rendered = 0
        self._indexes: dict[str, Index] = {}
        self._matching = lru_cache(CACHED_RESULTS)(self._match)
        self._sorted = lru_cache(CACHED_RESULTS)(self._sort)

    def find(self, conditions: Conditions, order: Order) -> Sequence[int]:
        """Positions of the rows that meet all ``conditions``, in ``order`` (equal ones by ID)."""
        if order and order[0][0] != "ID":
            return self._sorted(conditions, order)
        rows = self._ascending(conditions)
        return rows[::-1] if order and order[0][1] else rows

    def lookup(self, identity: int) -> int | None:
        """Position of the row with this ID."""
        try:
            position = self.ids.index(identity)
        except ValueError:
            return None
        return None if position in self.deleted else position

    def having(self, name: str, value: Any) -> Sequence[int]:
        """Positions of the rows with ``value`` in an ``indexed`` field, ascending: nobody may change them.

        What ``find`` says for this one condition, for those who ask once for each of many values.
        """
        rows = self._index(name).rows((value,))
        return rows[0] if rows else ()

    def reader(self, name: str) -> Callable[[int], Any]:
        """What gives the value of a field in the row at a position."""
        read, written = self.fields[name].read, self.written
        if not written:
            return read

        def read_over(position: int) -> Any:
            row = written.get(position)
            return read(position) if row is None else row[name]

        return read_over

    def row(self, position: int) -> dict[str, Any]:
        """All values of the row at ``position``."""
        return {name: self.reader(name)(position) for name in self.fields}

    def add(self, values: Mapping[str, Any], stamp: Stamp) -> int:
        """Add a row and return its ID. ``values`` are as clients send them; the rest gets what is usual."""
        number = self.ids[-1] + 1 if self.ids else 1
        stamp = stamp._replace(number=number)
        row = {name: field.fresh(stamp) if field.fresh else None for name, field in self.fields.items()}
        self._take(row, values)
        position, row["ID"] = self.size, number
        self.size += 1
        self.ids = range(1, number + 1) if isinstance(self.ids, range) else (*self.ids, number)
        self._put(position, row)
        return number

    def update(self, identity: int, values: Mapping[str, Any], stamp: Stamp) -> bool:
        """Change the row with this ID; whether there is one. ``values`` as for ``add``."""
        position = self.lookup(identity)
        if position is None:
            return False
        row = self.row(position)
        self._unindex(position)
        self._take(row, values)
        row |= {
            name: field.fresh(stamp) for name, field in self.fields.items() if field.renewed and field.fresh
        }
        row["ID"] = identity
        self._put(position, row)
        return True

    def delete(self, identity: int) -> bool:
        """Delete the row with this ID; whether there was one. Its ID is not used again."""
        position = self.lookup(identity)
        if position is None:
            return False
        self._unindex(position)
        self.written.pop(position, None)
        self.deleted.add(position)
        self._forget_results()
        return True

    def _take(self, row: dict[str, Any], values: Mapping[str, Any]) -> None:
        """Put ``values`` of a client into ``row``."""
        for name, value in values.items():
            kind = self.fields[name].kind
            new = kind.stored(value)
            row[name] = new if kind.merge is None else kind.merge(row[name], new, self._entry_ids)

    def _put(self, position: int, row: dict[str, Any]) -> None:
        for name, field in self.fields.items():
            if field.derived is not None:
                row[name] = field.derived(row)
        self.written[position] = row
        for name, index in self._indexes.items():
            index.add(position, row[name])
        self._forget_results()

    def _unindex(self, position: int) -> None:
        for name, index in self._indexes.items():
            index.discard(position, self.reader(name)(position))

    def _forget_results(self) -> None:
        self._matching.cache_clear()
        self._sorted.cache_clear()

    def _ascending(self, conditions: Conditions) -> Sequence[int]:
        """Bounds on the ID cut a piece out of the other conditions' result: pages by ID stay cheap."""
        bounds = [c for c in conditions if isinstance(c, Condition) and c.field == "ID" and c.test in _BOUNDS]
        rows = self._matching(tuple(c for c in conditions if c not in bounds))
        if not bounds:
            return rows
        first, last = self._between(bounds)
        return rows[bisect_left(rows, first) : bisect_left(rows, last)]

    def _between(self, bounds: Iterable[Condition]) -> tuple[int, int]:
        first, last = 0, self.size
        for bound in bounds:
            side = bisect_left if bound.test in ("ge", "lt") else bisect_right
            position = side(self.ids, bound.values[0])
            if bound.test in ("ge", "gt"):
                first = max(first, position)
            else:
                last = min(last, position)
        return first, max(first, last)

    def _sort(self, conditions: Conditions, order: Order) -> Sequence[int]:
        rows = list(self._ascending(conditions))
        for name, descends in reversed(order):
            read = self.reader(name)
            rows.sort(key=lambda position: _nulls_first(read(position)), reverse=descends)
        return _compact(rows)

    def _match(self, conditions: Conditions) -> Sequence[int]:
        rows, rest = self._candidates([c for c in conditions if isinstance(c, Condition)])
        for condition in rest:
            field = self.fields[condition.field]
            keys = partial(keys_of, field) if field.several else None
            meets = predicate(condition, self.reader(condition.field), keys)
            self.compared += len(rows)
            rows = [position for position in rows if meets(position)]
        for either in conditions:
            if isinstance(either, Either):
                allowed = set(chain.from_iterable(map(self._ascending, either.alternatives)))
                rows = [position for position in rows if position in allowed]
        return rows if isinstance(rows, range) else _compact(rows)

    def _candidates(self, conditions: list[Condition]) -> tuple[Sequence[int], list[Condition]]:
        """The fewest rows an index offers, and the conditions still to be tested on them."""
        offers = [(self._offer(c), c) for c in conditions if self._has_index(c)]
        if not offers:
            return self._all(), conditions
        found, best = min(offers, key=lambda offer: (not self._joins(offer[1]), sum(map(len, offer[0]))))
        rows = list(chain.from_iterable(found))
        if len(found) > 1:
            # A row with several values may be offered for each of them.
            once = self.fields[best.field].several and not self._joins(best)
            rows = sorted(set(rows) if once else rows)
        return rows, [c for c in conditions if c is not best]

    def _all(self) -> Sequence[int]:
        everything = range(self.size)
        return [p for p in everything if p not in self.deleted] if self.deleted else everything

    def _joins(self, condition: Condition) -> bool:
        return self.fields[condition.field].kind.join

    def _has_index(self, condition: Condition) -> bool:
        if self._joins(condition):
            return True
        return condition.test == "in" and not condition.negated and self.fields[condition.field].indexed

    def _offer(self, condition: Condition) -> list[list[int]]:
        if condition.field == "ID":
            positions = [self.lookup(value) for value in condition.values if isinstance(value, int)]
            return [[position] for position in positions if position is not None]
        return self._index(condition.field).rows(condition.values)

    def _index(self, name: str) -> Index:
        index = self._indexes.get(name)
        if index is None:
            read = self.reader(name)
            values = ((position, read(position)) for position in self._all())
            index = self._indexes[name] = Index(self.fields[name], values)
        return index


def _compact(rows: Iterable[int]) -> Sequence[int]:
    """``rows`` so that a piece of them can be had without copying."""
    return memoryview(array("q", rows))


def _nulls_first(value: Any) -> tuple[bool, Any]:
    return (value is not None, value)
