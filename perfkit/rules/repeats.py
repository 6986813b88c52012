"""Equal calls from one place, and which of them are meant: polling, and trying again."""

from __future__ import annotations

from itertools import pairwise
from statistics import median

from perfkit.rules.loops import WRITES, Loop
from perfkit.rules.view import View, has_between

PAUSE = 10
"""Polling waits at least so many times as long as the call takes."""

SHORTEST_PAUSE_NS = 20_000_000
"""Computing between two calls seldom takes longer and as evenly; who polls waits longer."""

LONGEST_COMMIT_NS = 1_000_000_000
"""Shorter pauses between writes may be what a commit takes."""

EVEN = 2.0
"""The pauses of polling differ by at most this factor, or grow."""


def enough(loop: Loop, view: View) -> int:
    """How many equal calls are reported: more if they were made from several places."""
    return view.limits.min_duplicates if loop.places == 1 else view.limits.min_calls_imported


def is_polling(loop: Loop, view: View) -> bool:
    """Whether equal calls are made again and again until something has changed: with pauses between.

    The pauses are sleeps, where these were recorded; else they are long, nothing else is recorded in them,
    and they are of much the same length or grow, as with back-off.
    """
    spans = loop.spans
    gaps = [(a.end_ns, b.start_ns) for a, b in pairwise(spans)]
    if not gaps or any(end - start <= 0 for start, end in gaps):
        return False
    if all(view.sleeps_between(start, end) for start, end in gaps):
        return True
    lengths = [end - start for start, end in gaps]
    if loop.first.kind == "query" and loop.statement.verb in WRITES and min(lengths) < LONGEST_COMMIT_NS:
        return False
    usual = sorted(span.duration_ns for span in spans)[len(spans) // 2]
    if not loop.placed:  # nothing tells of computing between them: what waits so long waits on purpose
        waits = min(lengths) >= max(SHORTEST_PAUSE_NS, usual) and median(lengths) >= PAUSE * usual
        return waits and not any(view.is_busy_between(start, end) for start, end in gaps)
    if min(lengths) < max(SHORTEST_PAUSE_NS, PAUSE * usual):
        return False
    grows = all(b >= a * 0.9 for a, b in pairwise(lengths))
    even = max(lengths) <= EVEN * min(lengths)
    return (even or grows) and not any(view.is_busy_between(start, end) for start, end in gaps)


def is_written_between(loop: Loop, view: View) -> bool:
    """Whether a table that the query reads was written between most of the calls: its answer may differ."""
    starts = [times for table in loop.statement.tables if (times := view.writes.get(table.lower()))]
    return _happens_between(loop, starts)


def is_sent_between(loop: Loop, view: View) -> bool:
    """Whether something was changed on the same host between most of the calls."""
    times = view.changes.get(str(loop.first.attrs.get("host", "")))
    return _happens_between(loop, [times] if times else [])


def _happens_between(loop: Loop, starts: list[list[int]]) -> bool:
    if not starts:
        return False
    gaps = list(pairwise(loop.spans))
    touched = sum(any(has_between(times, a.start_ns, b.start_ns) for times in starts) for a, b in gaps)
    return touched * 2 > len(gaps)
