"""Waterfalls as data: which requests are drawn one by one, which together, on one axis for all strategies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from perfkit.bench.recommended import middle
from perfkit.model import Cell, PackedTrace, ScenarioResult, Trace, WorldInfo, unpack
from perfkit.report import units
from perfkit.report.axis import Axis, axis_for
from perfkit.report.view.strategies import calls, groups

SHAPES = ("serial", "batched", "concurrent", "batched_concurrent")
MAX_ROWS = 40
"""Calls drawn one by one; the others are drawn together, so that the page stays small."""

REFUSED = (429, 503)
_GAP_SHARE = 500
"""Calls drawn together merge when the gap between them is this fraction of the axis or less: unseen."""


@dataclass(frozen=True)
class Piece:
    """From ``start`` to ``end``, in per cent of the axis; ``refused``: answered 429 or 503."""

    start: float
    end: float
    refused: bool


@dataclass(frozen=True)
class Lane:
    """The calls of one strategy: one row each for ``rows``, all others together in ``rest``.

    ``end`` is when the strategy was done; ``missing`` counts calls whose times were not stored.
    """

    name: str
    label: str
    rows: tuple[Piece, ...]
    rest: tuple[Piece, ...]
    rest_count: int
    missing: int
    missing_from: float
    end: float


@dataclass(frozen=True)
class Waterfall:
    """Several strategies on one time axis; ``upright`` says what the line at the end of a lane is."""

    title: str
    caption: str
    axis: Axis
    lanes: tuple[Lane, ...]
    upright: str = "the strategy's end"

    @property
    def any_refused(self) -> bool:
        """Whether a refused call is drawn, so that the legend must explain it."""
        return any(piece.refused for lane in self.lanes for piece in (*lane.rows, *lane.rest))


def of_scenario(scenario: ScenarioResult) -> list[Waterfall]:
    """A waterfall for each world and group of which traces are kept."""
    found = []
    for world in scenario.worlds:
        for group in groups(scenario):
            cells = shown(scenario, world, group)
            if cells:
                found.append(_waterfall(scenario, world, group, cells))
    return found


def of_trace(packed: PackedTrace) -> Waterfall | None:
    """The waterfall of a recorded program, or None if it asked for nothing."""
    trace = unpack(packed)
    if not trace.of_kind("request", "query"):
        return None
    axis = axis_for([trace.duration_ns], allow_log=False)
    count = len(trace.of_kind("request", "query"))
    lane = _lane("program", trace, trace.duration_ns, count, axis)
    return Waterfall("", "requests and queries", axis, (lane,), "the program's end")


def shown(scenario: ScenarioResult, world: WorldInfo, group: str) -> list[Cell]:
    """The first strategy of each shape, at the best size for which traces are kept."""
    wanted: dict[str, str] = {}
    for info in scenario.strategies:
        if info.group == group and info.shape in SHAPES:
            wanted.setdefault(info.shape, info.name)
    names = [wanted[shape] for shape in SHAPES if shape in wanted]
    by_size = {
        size: [
            c for n in names if (c := scenario.cell(world.name, n, size)) is not None and c.trace is not None
        ]
        for size in scenario.sizes
    }
    by_size = {size: cells for size, cells in by_size.items() if cells}
    return by_size[_best_size(by_size)] if by_size else []


def title(scenario: ScenarioResult, world: WorldInfo, group: str, size: int) -> str:
    """What a waterfall is called: its group, if it has one, its size and its world."""
    place = f"{size:,} {scenario.unit} on {world.title or world.name}"
    return ", ".join(filter(None, (units.clean(group, 60), units.clean(place, 200))))


def _best_size(by_size: dict[int, list[Cell]]) -> int:
    """The largest size whose traces are whole; if none is, the middle one."""
    whole = [
        size
        for size, cells in by_size.items()
        if not any(cell.trace and cell.trace.dropped for cell in cells)
    ]
    return max(whole, default=middle(list(by_size)))


def _waterfall(scenario: ScenarioResult, world: WorldInfo, group: str, cells: list[Cell]) -> Waterfall:
    traces = [(cell, unpack(cell.trace)) for cell in cells if cell.trace is not None]
    axis = axis_for((end_ns(cell, trace) for cell, trace in traces), allow_log=False)
    lanes = tuple(
        _lane(cell.strategy, trace, end_ns(cell, trace), calls(cell), axis) for cell, trace in traces
    )
    return Waterfall(
        title(scenario, world, group, cells[0].size), "one time axis for all strategies", axis, lanes
    )


def end_ns(cell: Cell, trace: Trace) -> int:
    """When the strategy was done: its first sample's time, or without one the trace's."""
    return cell.samples[0].elapsed_ns if cell.samples else trace.duration_ns


def _lane(name: str, trace: Trace, took_ns: int, count: int, axis: Axis) -> Lane:
    spans = sorted(trace.of_kind("request", "query"), key=lambda span: (span.start_ns, span.id))
    times = [
        (
            span.start_ns - trace.start_ns,
            max(span.start_ns, span.end_ns) - trace.start_ns,
            _refused(span.attrs),
        )
        for span in spans
    ]
    kept = max((end for _, end, _ in times), default=0)
    total = max(count, len(times))
    return Lane(
        name=units.clean(name, 60),
        label=f"{units.plural(total, 'call')}, {units.seconds(took_ns)}",
        rows=tuple(Piece(axis.percent(a), axis.percent(b), refused) for a, b, refused in times[:MAX_ROWS]),
        rest=tuple(_together(times[MAX_ROWS:], axis)),
        rest_count=len(times[MAX_ROWS:]),
        missing=total - len(times),
        missing_from=axis.percent(kept),
        end=axis.percent(took_ns),
    )


def _refused(attrs: dict[str, object]) -> bool:
    return attrs.get("status") in REFUSED


def _together(times: list[tuple[int, int, bool]], axis: Axis) -> Iterable[Piece]:
    """Calls that touch or overlap as one piece; refused ones apart from the others."""
    gap_ns = axis.high_ns / _GAP_SHARE
    for refused in (False, True):
        reach: tuple[int, int] | None = None
        for start, end, is_refused in times:
            if is_refused is not refused:
                continue
            if reach is not None and start - reach[1] <= gap_ns:
                reach = (reach[0], max(reach[1], end))
                continue
            if reach is not None:
                yield Piece(axis.percent(reach[0]), axis.percent(reach[1]), refused)
            reach = (start, end)
        if reach is not None:
            yield Piece(axis.percent(reach[0]), axis.percent(reach[1]), refused)
