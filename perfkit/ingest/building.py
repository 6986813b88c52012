"""A perfkit Trace of the spans that were gathered under one trace id.

They come in any order, some may be missing, and clocks of different machines disagree. In the Trace each has
a number in order of the starts, parents come before their children, and nothing is inside itself.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from perfkit.ingest.layers import adopt, merge_layers
from perfkit.ingest.left_out import LeftOut
from perfkit.ingest.own import RECORDING
from perfkit.model import Span, Trace

NONE = -1
"""Stands for the place of a parent where there is none."""

MAX_DEPTH = 200
"""Levels of nesting that are kept. Rules compare the spans above as a whole."""

_UNKNOWN, _UNDER_WAY = -1, -2


def build(spans: list[Span], clock: str, left_out: LeftOut, *, layered: bool = True) -> Trace:
    """The trace. Changes ``spans``, whose ``id`` and ``parent`` are the file's own (0: none).

    ``layered``: several libraries may have recorded one call each.
    """
    recordings = [span for span in spans if span.kind == RECORDING]
    spans = _once([span for span in spans if span.kind != RECORDING], left_out)
    above = _parents(spans, {span.id for span in recordings}, left_out)
    # perfkit's own probes count each call once already
    layered = layered and not recordings
    if layered:
        adopt(spans, above)
    depths = _depths(spans, above, left_out)
    order = sorted(range(len(spans)), key=depths.__getitem__)
    _flatten(above, depths, order, left_out)
    _align(spans, above, order, left_out)
    _mark_entries(spans, above)
    dropped = merge_layers(spans, above, order) if layered else {}
    left_out.change("counted once", "span", "inside another layer's for the same call", len(dropped))
    trace = _numbered(spans, above, depths, dropped)
    trace.clock = clock
    return _with_facts(trace, recordings)


def _once(spans: list[Span], left_out: LeftOut) -> list[Span]:
    """Without spans whose id came before. Those without an id cannot be told apart, and are kept."""
    seen = set[int]()
    kept = []
    for span in spans:
        if span.id and span.id in seen:
            continue
        seen.add(span.id)
        kept.append(span)
    left_out.add("left out", "span", "with an id that came before in the same trace", len(spans) - len(kept))
    return kept


def _parents(spans: list[Span], roots: set[int], left_out: LeftOut) -> list[int]:
    """The place of each span's parent in the list."""
    places = {span.id: place for place, span in enumerate(spans) if span.id}
    above, orphans = [], 0
    for span in spans:
        place = places.get(span.parent or 0, NONE)
        orphans += place == NONE and bool(span.parent) and span.parent not in roots
        above.append(place)
    left_out.change("taken as roots", "span", "with a parent that is not in the file", orphans)
    return above


def _depths(spans: list[Span], above: list[int], left_out: LeftOut) -> list[int]:
    """How many spans lie above each. Circles are opened at their earliest span."""
    depths = [_UNKNOWN] * len(spans)
    waiting = list(range(len(spans) - 1, -1, -1))
    while waiting:
        trail, place = [], waiting.pop()
        while place != NONE and depths[place] == _UNKNOWN:
            depths[place] = _UNDER_WAY
            trail.append(place)
            place = above[place]
        if place != NONE and depths[place] == _UNDER_WAY:
            circle = trail[trail.index(place) :]
            above[min(circle, key=lambda one: spans[one].start_ns)] = NONE
            left_out.change("taken as roots", "span", "of a circle of parents")
            for one in trail:
                depths[one] = _UNKNOWN
            waiting.append(trail[0])
            continue
        depth = -1 if place == NONE else depths[place]
        for one in reversed(trail):
            depth += 1
            depths[one] = depth
    return depths


def _flatten(above: list[int], depths: list[int], order: list[int], left_out: LeftOut) -> None:
    """Put what is nested too deeply below the deepest that may have something below it."""
    count = 0
    for place in order:
        if depths[place] > MAX_DEPTH:
            count += 1
            if depths[above[place]] > MAX_DEPTH:
                above[place] = above[above[place]]
    left_out.change("moved up", "span", f"more than {MAX_DEPTH} levels below the first", count)


def _align(spans: list[Span], above: list[int], order: list[int], left_out: LeftOut) -> None:
    """Move spans that start before their parent, with what is below them in the same service.

    So they do where the clocks of two machines disagree. What a span took stays as it was measured.
    """
    moved_ns: dict[int, int] = {}
    count = 0
    for place in order:
        span, parent = spans[place], above[place]
        if parent == NONE:
            continue
        same = span.attrs.get("service") == spans[parent].attrs.get("service")
        move = moved_ns.get(parent, 0) if same else 0
        missing = spans[parent].start_ns - (span.start_ns + move)
        if missing > 0:
            move += missing
            count += 1
        if move:
            moved_ns[place] = move
            span.start_ns += move
            span.end_ns += move if span.end_ns >= 0 else 0
    left_out.change(
        "moved", "span", "that began before the one above, by the clocks of their machines", count
    )


def _mark_entries(spans: list[Span], above: list[int]) -> None:
    """A service's topmost span answers a request, whatever kind it says it has."""
    for span, place in zip(spans, above, strict=True):
        if place == NONE:
            continue
        parent = spans[place]
        mine, others = span.attrs.get("service"), parent.attrs.get("service")
        if mine != others and mine and others:
            # an operation is no scope: what its caller's span holds belongs to one answer then
            entry = span if span.kind == "span" else parent
            entry.attrs = {**entry.attrs, "entry": True}


def _numbered(spans: list[Span], above: list[int], depths: list[int], dropped: dict[int, int]) -> Trace:
    order = sorted(
        (place for place in range(len(spans)) if place not in dropped),
        key=lambda place: (spans[place].start_ns, depths[place]),
    )
    numbers = {place: number for number, place in enumerate(order, 1)}
    first_ns = spans[order[0]].start_ns if order else 0
    threads: dict[Any, int] = {}
    kept = []
    for place in order:
        span, parent = spans[place], above[place]
        span.id, span.parent = numbers[place], numbers.get(dropped.get(parent, parent))
        span.start_ns -= first_ns
        span.end_ns = span.end_ns - first_ns if span.end_ns >= 0 else span.start_ns
        if span.thread:
            thread = (span.attrs.get("service"), span.thread)
            span.thread = threads.setdefault(thread, len(threads) + 1)
        kept.append(span)
    return Trace("wall", 0, max((span.end_ns for span in kept), default=0), kept)


def _with_facts(trace: Trace, recordings: list[Span]) -> Trace:
    """What perfkit's own exports say about the recording as a whole."""
    for span in recordings:
        for name in ("probes", "warnings"):
            told = span.attrs.get(name)
            if isinstance(told, list):
                getattr(trace, name).extend(text for text in told if isinstance(text, str))
        for name in ("dropped", "tracing_ns"):
            told = span.attrs.get(name)
            if type(told) is int and 0 <= told < 2**62:
                setattr(trace, name, told)
        trace.cpu_ns = span.cpu_ns
    return trace


def by_service(trace: Trace) -> list[tuple[str, Trace]]:
    """What each service did: the same operation of two of them is no loop. Takes the trace apart."""
    parts: dict[str, list[Span]] = {}
    services: dict[int, str] = {}
    for span in trace.spans:
        service = services[span.id] = str(span.attrs.get("service", ""))
        parts.setdefault(service, []).append(span)
    if len(parts) == 1:
        return [(service, trace) for service in parts]
    for span in trace.spans:
        if span.parent is not None and services.get(span.parent) != services[span.id]:
            span.parent = None
    return [(service, replace(trace, spans=spans)) for service, spans in parts.items()]
