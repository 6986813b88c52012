"""Strategies side by side: the tables and bar charts of one scenario, as final strings and numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from perfkit.bench.recommended import middle, time_ns
from perfkit.model import Cell, ScenarioResult, StrategyInfo, WorldInfo
from perfkit.report import units
from perfkit.report.axis import Axis, axis_for
from perfkit.report.view import goals

COUNTER_NAMES = {
    "request": "requests",
    "query": "queries",
    "connect": "connections",
    "bytes_sent": "sent",
    "bytes_received": "received",
}
"""What columns are called, in their order; other counters follow under their own names."""

MAX_COUNTERS = 12
"""More counters than this make no table that can be read; the rest is in the run's JSON."""


@dataclass(frozen=True)
class Bar:
    """One bar; ``role`` is "baseline", "right", "wrong" (other answer or known flaw) or "none" (no time)."""

    name: str
    label: str
    role: str
    elapsed_ns: int
    low_ns: int
    high_ns: int


@dataclass(frozen=True)
class Row:
    """One strategy at one size. ``counters`` follow the panel's ``columns``; ``note`` explains its state.

    ``short`` is the name where its group is said already.
    """

    name: str
    short: str
    title: str
    role: str
    counters: tuple[str, ...]
    elapsed: str
    interval: str
    factor: str
    answer: str
    note: str


@dataclass(frozen=True)
class Group:
    """The strategies of one client or library."""

    name: str
    rows: tuple[Row, ...]
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Panel:
    """All groups at one size, on one time axis. ``measure`` is what is compared (see ``goals``).

    ``same`` are counters that all strategies share, which need no column.
    """

    size: str
    open: bool
    same: tuple[str, ...]
    columns: tuple[str, ...]
    columns_left_out: int
    groups: tuple[Group, ...]
    axis: Axis
    measure: str

    @property
    def has_factors(self) -> bool:
        """Whether anything is compared with a baseline."""
        return any(row.factor for group in self.groups for row in group.rows)

    @property
    def spread(self) -> bool:
        """Whether any bar has several samples."""
        return any(one.high_ns > one.low_ns for group in self.groups for one in group.bars)


@dataclass(frozen=True)
class World:
    """One world with a panel for each size."""

    name: str
    title: str
    facts: tuple[tuple[str, str], ...]
    panels: tuple[Panel, ...]


def worlds(scenario: ScenarioResult) -> list[World]:
    """The scenario's worlds; those without any cell are left out."""
    return [
        World(
            name=units.clean(world.name, 60),
            title=units.clean(world.title or world.name, 120),
            facts=tuple((units.clean(k, 60), units.clean(v, 120)) for k, v in world.facts.items()),
            panels=panels,
        )
        for world in scenario.worlds
        if (panels := tuple(_panels(scenario, world)))
    ]


def groups(scenario: ScenarioResult) -> list[str]:
    """The groups in order of their first strategy."""
    return list(dict.fromkeys(info.group for info in scenario.strategies))


def factor(scenario: ScenarioResult, cell: Cell) -> str:
    """How many times the cell is faster than its group's baseline, or "" where one of them has no time.

    A wrong answer earns no factor, however soon it came.
    """
    if cell.agrees is False:
        return ""
    info = scenario.strategy(cell.strategy)
    baseline = scenario.baseline(info.group)
    base = baseline and scenario.cell(cell.world, baseline.name, cell.size)
    before_ns = time_ns(scenario, base) if base else None
    after_ns = time_ns(scenario, cell)
    if info.baseline or before_ns is None or after_ns is None:
        return ""
    return units.factor(before_ns, after_ns)


def role(info: StrategyInfo, cell: Cell) -> str:
    """How a cell is drawn; see ``Bar``."""
    if cell.status != "ok" or cell.elapsed_ns is None:
        return "none"
    if cell.agrees is False or info.flaw:
        return "wrong"
    return "baseline" if info.baseline else "right"


def _panels(scenario: ScenarioResult, world: WorldInfo) -> Iterable[Panel]:
    for size in scenario.sizes:
        cells = {
            cell.strategy: cell for cell in scenario.cells if (cell.world, cell.size) == (world.name, size)
        }
        if not cells:
            continue
        keys = counter_keys(cells.values())
        shared = [key for key in keys if _is_shared(key, list(cells.values()))]
        keys = [key for key in keys if key not in shared]
        first = next(iter(cells.values()))
        yield Panel(
            size=f"{size:,} {units.clean(scenario.unit, 60)}",
            open=size == middle(scenario.sizes),
            same=tuple(f"{counter_name(key)} {counter_value(key, first.counters[key])}" for key in shared),
            columns=tuple(counter_name(key) for key in keys[:MAX_COUNTERS]),
            columns_left_out=max(0, len(keys) - MAX_COUNTERS),
            groups=tuple(_groups(scenario, cells, keys[:MAX_COUNTERS])),
            axis=axis_for(time_ns(scenario, cell) or 0 for cell in cells.values()),
            measure=goals.name(scenario),
        )


def _groups(scenario: ScenarioResult, cells: dict[str, Cell], keys: list[str]) -> Iterable[Group]:
    for name in groups(scenario):
        members = [(i, cells[i.name]) for i in scenario.strategies if i.group == name and i.name in cells]
        if members:
            yield Group(
                units.clean(name, 60),
                tuple(_row(scenario, info, cell, keys) for info, cell in members),
                tuple(bar(scenario, info, cell) for info, cell in members),
            )


def _is_shared(key: str, cells: list[Cell]) -> bool:
    """Whether a counter is the same everywhere and so tells nothing apart; calls always have a column."""
    values = {cell.counters.get(key) for cell in cells}
    return key not in ("request", "query") and len(cells) > 2 and len(values) == 1 and None not in values


def counter_keys(cells: Iterable[Cell]) -> list[str]:
    """The counters that any of ``cells`` has above 0: known ones, then statuses, then the world's own."""
    used = {key for cell in cells for key, value in cell.counters.items() if value} | {"request"}
    if "query" in used and not any(cell.counters.get("request") for cell in cells):
        used.discard("request")
    known = [key for key in COUNTER_NAMES if key in used]
    statuses = sorted(key for key in used if key.startswith("status_"))
    others = sorted(used - set(known) - set(statuses))
    return known + statuses + others


def counter_name(key: str) -> str:
    """A counter's heading.

    >>> counter_name("request"), counter_name("status_503"), counter_name("dropped_keys")
    ('requests', '503s', 'dropped keys')
    """
    if key.startswith("status_"):
        status = units.clean(key.removeprefix("status_"), 20)
        return f"{status}s" if status.isdecimal() else f"status {status}"
    return COUNTER_NAMES.get(key) or units.clean(key.replace("_", " "), 40)


def counter_value(key: str, value: int) -> str:
    """A counter with its unit, which its name tells."""
    if key.startswith("bytes_") or key.endswith("_bytes"):
        return units.size(value)
    return units.seconds(value) if key.endswith("_ns") else units.number(value)


def calls(cell: Cell) -> int:
    """Requests and queries."""
    return cell.counters.get("request", 0) + cell.counters.get("query", 0)


def _row(scenario: ScenarioResult, info: StrategyInfo, cell: Cell, keys: list[str]) -> Row:
    low_ns, high_ns = goals.spread_ns(scenario, cell)
    return Row(
        name=units.clean(info.name, 60),
        short=units.clean(short(info), 60),
        title="" if _repeats(info) else units.clean(info.title, 160),
        role=role(info, cell),
        counters=(
            *(counter_value(key, cell.counters.get(key, 0)) for key in keys),
            f"{cell.peak_in_flight:,}",
        ),
        elapsed=status(scenario, cell),
        interval=f"{units.seconds(low_ns)} to {units.seconds(high_ns)}" if len(cell.samples) > 1 else "",
        factor=factor(scenario, cell) or ("baseline" if info.baseline else ""),
        answer=answer(info, cell),
        note="; ".join(
            filter(None, (units.clean(cell.error), info.flaw and f"known flaw: {units.clean(info.flaw)}"))
        ),
    )


def short(info: StrategyInfo) -> str:
    """The name without its group in front, where the group is said already.

    >>> short(StrategyInfo("fast.serial", "fast")), short(StrategyInfo("serial", "fast"))
    ('serial', 'serial')
    """
    rest = info.name.removeprefix(info.group) if info.group else info.name
    return rest[1:] if rest != info.name and rest[:1] in ("_", ".", "-", ":") and rest[1:] else info.name


def _repeats(info: StrategyInfo) -> bool:
    """Whether the title says no more than the name."""
    return info.title.replace(" ", "_") in (info.name, short(info))


def status(scenario: ScenarioResult, cell: Cell) -> str:
    """What the cell is judged by, or what happened instead."""
    if cell.status == "ok" and (judged_ns := time_ns(scenario, cell)) is not None:
        return units.seconds(judged_ns)
    return units.clean(cell.status if cell.status != "ok" else "no sample", 30)


def answer(info: StrategyInfo, cell: Cell) -> str:
    """Whether the answer is the baseline's."""
    if cell.agrees is False:
        return "differs (PK501)"
    if cell.agrees is None:
        return "none" if cell.status != "ok" else "not compared"
    return "reference" if info.baseline else "equal"


def bar(scenario: ScenarioResult, info: StrategyInfo, cell: Cell) -> Bar:
    """One cell as a bar. Its texts are short, so that name and label fit side by side on a phone."""
    low_ns, high_ns = goals.spread_ns(scenario, cell)
    judged_ns = time_ns(scenario, cell) or 0
    gain, state = factor(scenario, cell), "flaw" if info.flaw else ""
    if cell.agrees is False:
        state = "differs"
    drawn = role(info, cell)
    time = status(scenario, cell) if drawn == "none" else units.compact(judged_ns)
    label = " · ".join(filter(None, (time, gain, state)))
    return Bar(units.clean(short(info), 28), label, drawn, judged_ns, low_ns, high_ns)
