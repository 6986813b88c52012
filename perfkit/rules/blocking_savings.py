"""What awaiting in place of blocking would save: tasks' calls could overlap, as far as they stood in line.

Calls of different tasks stand in line where one begins as soon as the other has ended, and its task was there
before: an operation of it had begun, or others were ready while the loop was held. Of calls in line

    after = max(what each task waits for its own, all of it / 5)
    saving = now - after

because five calls at a time are credited to a service that is not known; sleeping needs no service. For work
of the processor nothing is predicted: it takes as long elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from perfkit.model import Span
from perfkit.rules import holding
from perfkit.rules.savings import SAFE_CONCURRENCY, Saving, text

SMALL_GAP = 10
"""Between calls in line lies at most such a part of the one before: the loop had nothing else to do."""

Line = defaultdict[int, int]
"""Nanoseconds of each task's calls in one line."""


class Held(NamedTuple):
    """What held loops up; by number of the span how many others were ready; when each task began."""

    spans: list[Span]
    waiting: dict[int, int]
    began: dict[int, int]


def predict(spans: list[Span], held: Held) -> Saving:
    """The saving for the calls of one place."""
    if any(span.kind == "blocked" and holding.is_computing(span) for span in spans):
        return Saving(None, "unknown: the work takes as long elsewhere, but nothing else waits for it then")
    if any(span.attrs.get("system") == "sqlite" for span in spans):
        return Saving(None, "unknown: how far calls of SQLite overlap depends on its locks")
    lines = [line for line in _lines(spans, held) if len(line) > 1]
    if not lines:
        others = any(held.waiting.get(span.id) for span in spans)
        why = "what those had to do that waited cannot be told" if others else "nothing else was seen to wait"
        return Saving(None, f"unknown: {why}")
    now = sum(sum(line.values()) for line in lines)
    shared = 0 if all(span.name == holding.SLEEP for span in spans) else now // SAFE_CONCURRENCY
    after = max(sum(max(line.values()) for line in lines), shared)
    limit = f", {SAFE_CONCURRENCY} at a time" if shared else ""
    return Saving(
        max(0, now - after),
        f"up to {max(map(len, lines))} tasks stood in line: {text(now)} one after another, "
        f"{text(after)} side by side{limit}",
    )


def _lines(spans: list[Span], held: Held) -> list[Line]:
    lines = list[Line]()
    current: dict[int, tuple[Span, Line]] = {}
    for span in sorted(spans, key=lambda span: span.start_ns):
        last, line = current.get(span.thread, (None, None))
        if last is None or line is None or not _is_next(last, span, held):
            line = defaultdict(int)
            lines.append(line)
        line[span.task] += span.duration_ns
        current[span.thread] = span, line
    return lines


def _is_next(last: Span, span: Span, held: Held) -> bool:
    if span.task == last.task:
        return True
    if (span.start_ns - last.end_ns) * SMALL_GAP > last.duration_ns:
        return False
    return held.began[span.task] < last.end_ns or bool(held.waiting.get(last.id))
