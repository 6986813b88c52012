"""All spans of a run, packed for the page's canvas: columns of numbers and tables of strings, compressed.

For a recorded program these are all its spans; for a bench run those of the strategies in its waterfalls.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from perfkit.model import Run
from perfkit.report import units
from perfkit.report.view.span_choice import Choice, choose
from perfkit.report.view.span_columns import Columns, Tables, payload
from perfkit.report.view.span_sources import Group, Source, groups_of, not_shown

MAX_SPANS = 100_000
"""More than this make a page that opens slowly; the longest operations are kept whole, the rest together."""

MAX_PAYLOAD = 860_000
"""Characters that the spans may add to a page, so that all of it stays below a megabyte."""

FINEST = 100_000_000
"""Times are kept in steps of about this fraction of the whole: a pixel at any zoom that shows two spans."""

TOGETHER = "together"
"""The kind of a piece that stands for several spans."""


@dataclass(frozen=True)
class KindKey:
    """An entry of the legend: a kind, and how many spans of it there are."""

    name: str
    count: str


@dataclass(frozen=True)
class AllSpans:
    """What the page's canvas shows: ``titles`` of what can be chosen, and ``packed``, gzip as base64.

    ``notes`` say what is not in it. ``count`` is the number of spans drawn one by one.
    """

    packed: str
    titles: tuple[str, ...]
    summary: str
    kinds: tuple[KindKey, ...]
    notes: tuple[str, ...]
    count: int


def of_run(run: Run, limit: int = MAX_SPANS, budget: int = MAX_PAYLOAD) -> AllSpans | None:
    """All spans that ``run`` holds, or None if it holds none; at most ``limit``, in ``budget`` characters."""
    shown = [group for group in groups_of(run) if any(source.packed.id for source in group.sources)]
    if not shown:
        return None
    stored = sum(len(source.packed.id) for group in shown for source in group.sources)
    others = not_shown(run, shown)
    packed = _pack(shown, stored, limit, others)
    while len(packed.packed) > budget:
        fewer = _pack(shown, stored, int(packed.count * 0.95 * budget / len(packed.packed)), others)
        if fewer.count >= packed.count:  # one of each recording is always kept
            break
        packed = fewer
    return packed


def _pack(shown: list[Group], stored: int, limit: int, others: int) -> AllSpans:
    """Everything as columns, each source with its share of ``limit``."""
    tables, columns = Tables(), Columns()
    kept = together = 0
    for group in shown:
        whole_ns = max(source.whole_ns for source in group.sources)
        step_ns = step(whole_ns)
        tables.begin_group(group.title, step_ns, -(-whole_ns // step_ns))
        for source in group.sources:
            chosen = choose(source.packed, _share(source, stored, limit))
            kept += len(chosen.kept)
            together += len(chosen.rest)
            _add(source, chosen, step_ns, tables, columns)
    dropped = sum(source.packed.dropped for group in shown for source in group.sources)
    return AllSpans(
        packed=payload(tables, columns),
        titles=tuple(group.title for group in shown),
        summary=_summary(shown, kept),
        kinds=_kinds(tables),
        notes=tuple(_notes(kept, together, dropped, others)),
        count=kept,
    )


def _share(source: Source, stored: int, limit: int) -> int:
    """How many spans of a source are drawn one by one."""
    count = len(source.packed.id)
    return count if stored <= limit else max(1, limit * count // stored)


def _add(source: Source, chosen: Choice, step_ns: int, tables: Tables, columns: Columns) -> None:
    """The lanes of one source: its tasks if they are few, else its threads; a strategy is one lane."""
    packed, end = source.packed, -(-source.whole_ns // step_ns)
    for name, members in source.lanes(chosen.kept).items():
        columns.add(packed, members, tables.labels_of(packed, members), step_ns)
        tables.add_lane(name, len(members), end)
    pieces = list(chosen.pieces(packed, source.whole_ns))
    if pieces:
        words = [f"{units.plural(size, 'span')} drawn together" for _, _, size in pieces]
        columns.add_pieces(pieces, [tables.label(TOGETHER, word) for word in words], step_ns)
        tables.count(TOGETHER, len(pieces))
        rest = f"{units.plural(len(chosen.rest), 'span')} of {source.name or 'the program'}, drawn together"
        tables.add_lane(rest, len(pieces), end, together=True)


def step(whole_ns: int) -> int:
    """The nanoseconds in which times of a group are counted: a power of ten.

    >>> step(50_000_000), step(10_000_000_000)
    (1, 100)
    """
    step_ns = 1
    while step_ns * FINEST < whole_ns:
        step_ns *= 10
    return step_ns


def _summary(shown: list[Group], kept: int) -> str:
    counted = units.plural(kept, "span")
    if len(shown) == 1 and shown[0].sources[0].name is None:
        return f"{counted} of {shown[0].title}"
    recordings = sum(len(group.sources) for group in shown)
    return f"{counted} of {units.plural(recordings, 'recording')}, those in the waterfalls"


def _kinds(tables: Tables) -> tuple[KindKey, ...]:
    known = sorted(tables.counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(KindKey(name, units.number(count)) for name, count in known)


def _notes(kept: int, together: int, dropped: int, others: int) -> Iterator[str]:
    if together:
        yield (
            f"{units.number(kept + together)} spans are more than this page can hold: "
            f"every span of the slowest operations is here, {units.number(kept)} in all; "
            f"{units.number(together)} others are drawn together"
        )
    if dropped:
        yield f"{units.plural(dropped, 'more span')} of them were not stored with the run"
    if others:
        more = units.plural(others, "more recording")
        yield f"{more}, of other strategies and sizes, in the JSON of the run"
