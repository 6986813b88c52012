"""Open spans made into the model's Spans: numbered, in order of their start, each with its parent."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

from perfkit.model.trace import Span
from perfkit.tracing.open_spans import Detour, OpenSpan
from perfkit.tracing.processor import ProcessorTime

UNFINISHED = "unfinished"
"""``Span.error`` of an operation that was still under way when the recording ended."""

_numbering = Lock()  # the spans of nested recordings are the same objects


def freeze(opened: list[OpenSpan], readings: dict[int, list[int]]) -> list[Span]:
    """The spans in order of their start. Empties ``opened`` on the way, so that a million fit twice.

    ``readings`` are those of each thread's processor clock (``open_spans.Thread``).
    """
    opened.sort(key=lambda span: span.start_ns)
    with _numbering:
        for n, span in enumerate(opened, 1):
            span.number = n
        parents = [_parent(span, opened) for span in opened]
    freezer = _Freezer(readings)
    opened.reverse()
    return [freezer.frozen(opened.pop(), n, parent) for n, parent in enumerate(parents, 1)]


def _parent(span: OpenSpan, opened: list[OpenSpan]) -> int | None:
    count = len(opened)
    above = nearest_kept(span, lambda above: 0 < above.number <= count and opened[above.number - 1] is above)
    return None if above is None else above.number


def nearest_kept(span: OpenSpan, is_kept: Callable[[OpenSpan], bool]) -> OpenSpan | None:
    """The nearest span above that is kept, and that was open when this one started."""
    above = span.parent
    while above is not None:
        if isinstance(above, Detour):
            above = above.around
        elif is_kept(above) and (above.end_ns < 0 or above.end_ns >= span.start_ns):
            return above
        else:
            above = above.parent
    return None


NUMBERED = ("connection", "flush")
"""Attributes that probes number within the process, of which others may have used some before."""


class _Freezer:
    """Numbers tasks, threads, database connections and an ORM's flushes in order of their appearance."""

    def __init__(self, readings: dict[int, list[int]]) -> None:
        self._tasks: dict[int, int] = {0: 0}
        self._threads: dict[int, int] = {}
        self._numbers: dict[str, dict[int, int]] = {name: {} for name in NUMBERED}
        self._processor = ProcessorTime()
        self._processor.read(readings)

    def frozen(self, span: OpenSpan, number: int, parent: int | None) -> Span:
        """The finished span, with the number of its parent."""
        place, path = span.place, span.path
        assert place is not None  # noqa: S101 - only spans that were opened are stored
        ident = place.thread.ident
        return Span(
            number,
            parent,
            span.kind,
            span.name,
            span.start_ns,
            span.end_ns,
            path[0] if path else None,
            path,
            self._tasks.setdefault(place.task, len(self._tasks)),
            self._threads.setdefault(ident, len(self._threads) + 1),
            self._facts(span),
            span.held if isinstance(span.held, str) else None,
            self._processor.used_ns(span, ident),
        )

    def _facts(self, span: OpenSpan) -> dict[str, Any]:
        """The attributes, with numbers of this recording."""
        facts = span.facts()
        for name, known in self._numbers.items():
            number = facts.get(name)
            if type(number) is int:
                facts[name] = known.setdefault(number, len(known) + 1)
        return facts
