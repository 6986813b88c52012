"""Which spans are kept where there are more than a page can hold: all those of the slowest operations."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

from perfkit.model import PackedTrace

PIECES = 250
"""Spans drawn together merge when the gap between them is this fraction of the whole or less: unseen."""


@dataclass(frozen=True)
class Choice:
    """Indexes of the spans that are drawn one by one, and of the ``rest``, each in order of start."""

    kept: list[int]
    rest: list[int]

    def pieces(self, packed: PackedTrace, whole_ns: int) -> Iterator[tuple[int, int, int]]:
        """The rest as start, end (nanoseconds since the trace began) and number of spans in between."""
        reach: tuple[int, int, int] | None = None
        for n in self.rest:
            start = packed.span_start_ns[n] - packed.start_ns
            end = max(start, packed.span_end_ns[n] - packed.start_ns)
            if reach is not None and start - reach[1] <= whole_ns / PIECES:
                reach = (reach[0], max(reach[1], end), reach[2] + 1)
                continue
            if reach is not None:
                yield reach
            reach = (start, end, 1)
        if reach is not None:
            yield reach


def choose(packed: PackedTrace, limit: int) -> Choice:
    """At most ``limit`` spans: the longest operation with all that is below it, then the next longest.

    Of an operation that is too large to be kept whole its own span is kept, and those below it compete.
    """
    order = sorted(range(len(packed.id)), key=lambda n: (packed.span_start_ns[n], packed.id[n]))
    if len(order) <= limit:
        return Choice(order, [])
    children, roots = _tree(packed, order)
    sizes = _sizes(children, order)
    heap = [(_rank(packed, n), n) for n in roots]
    heapq.heapify(heap)
    kept: set[int] = set()
    while heap and len(kept) < limit:
        _, n = heapq.heappop(heap)
        if sizes[n] <= limit - len(kept):
            kept.update(_below(children, n))
            continue
        kept.add(n)
        for child in children.get(n, ()):
            heapq.heappush(heap, (_rank(packed, child), child))
    return Choice([n for n in order if n in kept], [n for n in order if n not in kept])


def _rank(packed: PackedTrace, n: int) -> int:
    """The longest first; one that never ended lasted to the end."""
    end_ns = packed.span_end_ns[n]
    return packed.span_start_ns[n] - (packed.end_ns if end_ns < 0 else end_ns)


def _tree(packed: PackedTrace, order: list[int]) -> tuple[dict[int, list[int]], list[int]]:
    """Who is below whom, and who is below none; a parent that comes later than its child is none."""
    seen: dict[int, int] = {}
    children: dict[int, list[int]] = {}
    roots = []
    for n in order:
        parent = packed.parent[n]
        above = None if parent is None else seen.get(parent)
        if above is None:
            roots.append(n)
        else:
            children.setdefault(above, []).append(n)
        seen[packed.id[n]] = n
    return children, roots


def _sizes(children: dict[int, list[int]], order: list[int]) -> dict[int, int]:
    """How many spans each one is with all below it."""
    sizes: dict[int, int] = {}
    for n in reversed(order):
        sizes[n] = 1 + sum(sizes[child] for child in children.get(n, ()))
    return sizes


def _below(children: dict[int, list[int]], n: int) -> Iterator[int]:
    waiting = [n]
    while waiting:
        above = waiting.pop()
        yield above
        waiting.extend(children.get(above, ()))
