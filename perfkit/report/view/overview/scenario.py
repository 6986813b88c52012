"""One scenario in the main figure: its strategies as bars, and when their calls were under way."""

from __future__ import annotations

from perfkit.bench.recommended import pair, time_ns
from perfkit.model import Cell, ScenarioResult, StrategyInfo, Trace, unpack
from perfkit.report import units
from perfkit.report.axis import Axis, axis_for
from perfkit.report.view import goals, strategies
from perfkit.report.view.lanes import REFUSED, SHAPES, end_ns
from perfkit.report.view.overview.parts import Bar, Bars, Chart, Lane, Lanes, Panel, apart, scale
from perfkit.report.view.overview.series import curves_of

MAX_BARS = 8
MAX_CALLS = 600
"""Calls of a lane that are drawn; runs keep 500 of each cell."""

_NAME = 24


def panel(scenario: ScenarioResult, heading: str) -> Panel:
    """What ``perfkit bench`` found about one scenario, around its headline's baseline and what beats it."""
    found = pair(scenario)
    if found is None:
        return Panel(heading, "", ())
    charts: list[Chart] = [_bars(scenario, found.baseline, found.best)]
    beside = _beside(scenario, found.baseline, found.best)
    place = _place(scenario, found.baseline)
    return Panel(heading, place, tuple(charts + ([beside] if beside else [])))


def _place(scenario: ScenarioResult, cell: Cell) -> str:
    world = next((w.title or w.name for w in scenario.worlds if w.name == cell.world), cell.world)
    place = f"{cell.size:,} {units.clean(scenario.unit, 40)} on {units.clean(world, 90)}"
    return ": ".join(filter(None, (units.clean(scenario.title, 80), place)))


def _bars(scenario: ScenarioResult, base: Cell, best: Cell | None) -> Bars:
    """The baseline, then the others of its group, the slowest first; wrong ones at the end."""
    group = scenario.strategy(base.strategy).group
    rows = [
        (info, cell)
        for info in scenario.strategies
        if info.group == group and (cell := scenario.cell(base.world, info.name, base.size)) is not None
    ]
    rows.sort(key=lambda row: _order(scenario, *row))
    fixed = [cell is base or cell is best for _, cell in rows]
    times = [time_ns(scenario, cell) or 0 for _, cell in rows]
    shown = [rows[n] for n in apart(times, fixed, MAX_BARS)]
    axis = axis_for(time_ns(scenario, cell) or 0 for _, cell in shown)
    measure = goals.name(scenario)
    caption = ("time" if measure == goals.ELAPSED else measure) + scale(axis)
    bars = tuple(_bar(scenario, info, cell, axis, cell is best) for info, cell in shown)
    note = "" if len(shown) == len(rows) else f"{len(shown)} of {units.plural(len(rows), 'strategy')}"
    return Bars(caption, bars, tuple(axis.ticks()), note)


def _order(scenario: ScenarioResult, info: StrategyInfo, cell: Cell) -> tuple[int, int]:
    role = strategies.role(info, cell)
    place = {"baseline": 0, "right": 1, "wrong": 2, "none": 3}[role]
    return place, -(time_ns(scenario, cell) or 0)


def _bar(scenario: ScenarioResult, info: StrategyInfo, cell: Cell, axis: Axis, best: bool) -> Bar:
    one = strategies.bar(scenario, info, cell)
    name = units.clean(one.name, _NAME)
    if one.role == "none":
        return Bar(name, one.label, "none", 0)
    low, high = (
        (axis.percent(one.low_ns), axis.percent(one.high_ns)) if one.high_ns > one.low_ns else (0.0, 0.0)
    )
    return Bar(name, one.label, "best" if best else one.role, axis.percent(one.elapsed_ns), low, high)


def _beside(scenario: ScenarioResult, base: Cell, best: Cell | None) -> Chart | None:
    """What was measured over time, else when calls were under way."""
    both = [cell for cell in (base, best) if cell is not None]
    return curves_of(scenario, both) or _lanes(scenario, base, both)


def _lanes(scenario: ScenarioResult, base: Cell, both: list[Cell]) -> Lanes | None:
    """The shapes that readers know if there are several of them, else the baseline and what beats it.

    At the headline's size, or where the calls there are too many to be kept, at the largest one below.
    """
    names = _shaped(scenario, base) or [cell.strategy for cell in both]
    sizes = sorted((size for size in scenario.sizes if size <= base.size), reverse=True)
    for size in sizes:
        found = [
            cell
            for name in names
            if (cell := scenario.cell(base.world, name, size)) is not None and cell.trace is not None
        ]
        whole = not any(cell.trace and cell.trace.dropped for cell in found)
        if found and (whole or size == sizes[-1]):
            return _drawn(scenario, found, base.size)
    return None


def _shaped(scenario: ScenarioResult, base: Cell) -> list[str]:
    """The first strategy of each shape in the baseline's group, if there are two or more."""
    group = scenario.strategy(base.strategy).group
    of_group = [info for info in scenario.strategies if info.group == group]
    firsts = [next((i.name for i in of_group if i.shape == shape), None) for shape in SHAPES]
    names = [name for name in firsts if name is not None]
    return names if len(names) > 1 else []


def _drawn(scenario: ScenarioResult, cells: list[Cell], size: int) -> Lanes | None:
    traces = [(cell, unpack(cell.trace)) for cell in cells if cell.trace is not None]
    axis = axis_for((end_ns(cell, trace) for cell, trace in traces), allow_log=False)
    lanes = tuple(_lane(scenario.strategy(cell.strategy), cell, trace, axis) for cell, trace in traces)
    if not any(lane.calls for lane in lanes):
        return None
    where = "" if cells[0].size == size else f" at {cells[0].size:,} {units.clean(scenario.unit, 30)}"
    return Lanes(f"calls in time{where}", lanes, tuple(axis.ticks()))


def _lane(info: StrategyInfo, cell: Cell, trace: Trace, axis: Axis) -> Lane:
    spans = sorted(trace.of_kind("request", "query"), key=lambda span: (span.start_ns, span.id))[:MAX_CALLS]
    calls = tuple(
        (
            axis.percent(span.start_ns - trace.start_ns),
            axis.percent(max(span.start_ns, span.end_ns) - trace.start_ns),
            span.attrs.get("status") in REFUSED,
        )
        for span in spans
    )
    total, took_ns = max(strategies.calls(cell), len(spans)), end_ns(cell, trace)
    missing = max((end for _, end, _ in calls), default=0.0) if total > len(spans) else None
    label = f"{units.plural(total, 'call')}, {units.compact(took_ns)}"
    return Lane(units.clean(strategies.short(info), _NAME), label, calls, axis.percent(took_ns), missing)
