"""Durations of spans summed up per name."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from perfkit.model.trace import Span
from perfkit.tracing.open_spans import OpenSpan


class Timing(Struct, frozen=True):
    """Durations of the spans of one name. Percentiles are nearest-rank: values that occurred."""

    count: int
    total_ns: int
    mean_ns: int
    p50_ns: int
    p95_ns: int
    max_ns: int


def timings(spans: Iterable[Span | OpenSpan]) -> dict[str, Timing]:
    """Per name, the Timing of the spans that have ended.

    >>> timings([Span(1, None, "span", "load", 0, 10), Span(2, None, "span", "load", 0, 30)])["load"].mean_ns
    20
    """
    durations: dict[str, list[int]] = {}
    for span in spans:
        if span.end_ns >= 0:
            durations.setdefault(span.name, []).append(span.end_ns - span.start_ns)
    return {name: _timing(sorted(values)) for name, values in durations.items()}


def _timing(ordered: list[int]) -> Timing:
    count, total = len(ordered), sum(ordered)
    return Timing(count, total, total // count, _rank(ordered, 50), _rank(ordered, 95), ordered[-1])


def _rank(ordered: list[int], percent: int) -> int:
    """The smallest value with at least ``percent`` of all values at or below it."""
    return ordered[max(0, -(-percent * len(ordered) // 100) - 1)]
