"""A recorded program (``perfkit run``) as readers see it: what it did, how often, and what took longest."""

from __future__ import annotations

from dataclasses import dataclass

from perfkit.model import Frame, PackedTrace, Span, Trace, busy_ns, unpack
from perfkit.model.split import TimeSplit, split_by_name, split_trace
from perfkit.report import units

MAX_NAMES = 12
MAX_SPLITS = 5
WHOLE = "the whole recording"


@dataclass(frozen=True)
class KindRow:
    """How many operations of a kind there were, and the time in which at least one was under way."""

    kind: str
    count: str
    busy: str
    share: str


@dataclass(frozen=True)
class NameRow:
    """All operations of one name; ``site`` is where the longest came from."""

    name: str
    kind: str
    count: str
    total: str
    mean: str
    longest: str
    site: str


@dataclass(frozen=True)
class SplitRow:
    """What the time went into: of the whole recording, then of the application's own spans by name."""

    name: str
    whole: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Recorded:
    """``notes`` say what the reader must know: what was dropped, who watched, what recording itself cost."""

    splits: tuple[SplitRow, ...]
    kinds: tuple[KindRow, ...]
    names: tuple[NameRow, ...]
    names_left_out: int
    notes: tuple[str, ...]


def recorded(packed: PackedTrace) -> Recorded:
    """The tables of one recording."""
    trace = unpack(packed)
    names = _names(trace)
    return Recorded(
        splits=tuple(_splits(trace)),
        kinds=tuple(_kinds(trace)),
        names=tuple(_name(kind, name, spans, total) for total, kind, name, spans in names[:MAX_NAMES]),
        names_left_out=max(0, len(names) - MAX_NAMES),
        notes=tuple(_notes(trace)),
    )


def _splits(trace: Trace) -> list[SplitRow]:
    """The whole, and the spans that took longest; none where nothing was recorded."""
    if not trace.spans and trace.duration_ns <= 0:
        return []
    named = sorted(split_by_name(trace).items(), key=lambda item: (-item[1].whole_ns, item[0]))
    rows = [
        (WHOLE, split_trace(trace)),
        *((units.clean(name, 160), split) for name, split in named[:MAX_SPLITS]),
    ]
    return [SplitRow(name, units.seconds(split.whole_ns), tuple(_shares(split))) for name, split in rows]


def _shares(split: TimeSplit) -> list[str]:
    """As in "12 % computing", the largest first; with several threads the shares are of their sum."""
    whole = max(split.whole_ns, sum(ns for _, ns in split.parts))
    # as "Bound by" rounds them: computing up, waiting down, and the rest is what is left of 100
    shares = {
        name: -(-100 * ns // whole) if name == "computing" else 100 * ns // whole for name, ns in split.parts
    }
    if "other" in shares:
        shares["other"] = 100 - sum(share for name, share in shares.items() if name != "other")
    return [f"{share} % {name}" for name, share in shares.items() if share > 0]


def _kinds(trace: Trace) -> list[KindRow]:
    rows = []
    for kind in dict.fromkeys(span.kind for span in trace.spans):
        spans = trace.of_kind(kind)
        busy = busy_ns(spans)
        share = f"{100 * busy // trace.duration_ns} %" if trace.duration_ns > 0 else ""
        rows.append(KindRow(units.clean(kind, 40), units.number(len(spans)), units.seconds(busy), share))
    return rows


def _names(trace: Trace) -> list[tuple[int, str, str, list[Span]]]:
    """The spans of each kind and name with their total time, the largest total first."""
    by_name: dict[tuple[str, str], list[Span]] = {}
    for span in trace.spans:
        by_name.setdefault((span.kind, span.name), []).append(span)
    found = [
        (sum(span.duration_ns for span in spans), kind, name, spans)
        for (kind, name), spans in by_name.items()
    ]
    return sorted(found, key=lambda item: (-item[0], item[1], item[2]))


def _name(kind: str, name: str, spans: list[Span], total: int) -> NameRow:
    longest = max(spans, key=lambda span: (span.duration_ns, -span.id))
    site: Frame | None = longest.site
    return NameRow(
        name=units.clean(name, 160),
        kind=units.clean(kind, 40),
        count=units.number(len(spans)),
        total=units.seconds(total),
        mean=units.seconds(total / len(spans)),
        longest=units.seconds(longest.duration_ns),
        site=units.clean(str(site), 160) if site else "",
    )


def _notes(trace: Trace) -> list[str]:
    notes = []  # what the trace warns of is among the run's own warnings
    if trace.dropped:
        notes.append(f"{units.plural(trace.dropped, 'span')} were dropped to bound memory")
    if trace.tracing_ns:
        notes.append(f"recording itself took about {units.seconds(trace.tracing_ns)} of it")
    # a process that was killed could not say who watched
    seen = {str(span.attrs["library"]) for span in trace.spans if "library" in span.attrs}
    if trace.probes or seen:
        idle = [name for name in trace.probes if name not in seen]
        notes += [f"seen by the probes of {units.clean(', '.join(sorted(seen)))}"] if seen else []
        notes += [f"watched for, and not seen: {units.clean(', '.join(idle))}"] if idle else []
    elif trace.spans:
        notes.append("no library was watched: only the program's own spans are here")
    return notes
