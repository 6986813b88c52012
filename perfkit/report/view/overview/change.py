"""What changed between two revisions: counters before and after, and times as intervals."""

from __future__ import annotations

from collections.abc import Iterator

from perfkit.model import Difference, Gate, Timing, Verdict
from perfkit.report import units
from perfkit.report.axis import round_step
from perfkit.report.view import changes
from perfkit.report.view.changes import Changed
from perfkit.report.view.overview.parts import (
    Bar,
    Bars,
    Chart,
    Interval,
    Intervals,
    Panel,
    Ticks,
    more,
)

MAX_CHANGES = 7
MAX_TIMINGS = 14
_NAME = 44
MOST = 4.0
"""Relative changes beyond this are drawn at the edge; their labels tell them."""

_ROLES = {Verdict.REGRESSED: "worse", Verdict.IMPROVED: "better", Verdict.NO_CHANGE: "same"}
_ORDER = ("worse", "open", "better", "same")


def panel(gate: Gate) -> Panel:
    """The panel of a gate or a comparison."""
    charts = [chart for chart in (_figures(gate), _times(gate)) if chart is not None]
    sides = [
        units.clean(f"{side} {name}", 60) for side, name in (("base", gate.base), ("head", gate.head)) if name
    ]
    unchanged = "Nothing changed" if gate.compared else "Nothing was compared"
    heading = "What changed" if charts else unchanged
    return Panel(heading, ", ".join(sides), tuple(charts))


def _figures(gate: Gate) -> Chart | None:
    """What has two values, as the report orders it; of one figure the place where it weighs most."""
    heaviest = [(group[0], changes.figure(group[0])) for group in changes.groups(gate)]
    known = [(difference, row) for difference, row in heaviest if row.before]
    if not known:
        return None
    shown = known[:MAX_CHANGES]
    bars = tuple(bar for pair in shown for bar in _two(*pair))
    left_out = len(gate.differences) - len(shown)
    return Bars("before and after, each on its own scale", bars, note=more(left_out, "change"))


def _two(difference: Difference, row: Changed) -> Iterator[Bar]:
    before, after = difference.before or 0, difference.after or 0
    most = max(before, after, 1)
    what = f"{row.what} {row.template}".strip()
    yield Bar(units.clean(what, _NAME), row.before, "before", round(100 * before / most, 2))
    label = " · ".join(filter(None, (row.after, row.change)))
    yield Bar(units.clean(row.of, _NAME), label, row.tone or "right", round(100 * after / most, 2))


def _times(gate: Gate) -> Chart | None:
    """Every benchmark that has a ratio, with the interval it is known to."""
    timed = [timing for timing in gate.timings if timing.ratio is not None]
    timed.sort(key=lambda timing: _ORDER.index(_role(timing)))
    if not timed:
        return None
    shown = timed[:MAX_TIMINGS]
    ends = [end for timing in shown for end in _ends(timing)]
    low, high = max(-MOST, min(-0.02, *ends)), min(MOST, max(0.02, *ends))
    low, high = low - (high - low) * 0.06, high + (high - low) * 0.06
    note = more(len(timed) - len(shown), "benchmark")
    rows = tuple(_interval(timing, low, high) for timing in shown)
    caption = "time of head against base, with its interval"
    return Intervals(caption, rows, _place(0, low, high), _ticks(low, high), note)


def _ends(timing: Timing) -> tuple[float, float]:
    middle = timing.ratio if timing.ratio is not None else 1.0
    low = middle if timing.low is None else timing.low
    high = middle if timing.high is None else timing.high
    return low - 1, high - 1


def _role(timing: Timing) -> str:
    return _ROLES.get(timing.verdict, "open")


def _interval(timing: Timing, low: float, high: float) -> Interval:
    change = (timing.ratio if timing.ratio is not None else 1.0) - 1
    from_, to = _ends(timing)
    label = f"{units.percent(change)} · {timing.verdict.value}"
    # what tells benchmarks of one file apart stands at the end
    name = units.clean(timing.name.rpartition("::")[2] or timing.name, 30)
    places = (_place(value, low, high) for value in (change, from_, to))
    return Interval(name, label, _role(timing), *places)


def _place(value: float, low: float, high: float) -> float:
    return round(100 * min(1.0, max(0.0, (value - low) / (high - low))), 2)


def _ticks(low: float, high: float) -> Ticks:
    step = round_step(high - low, 3)
    first, last = -int(-low / step), int(high / step)
    marks = ((n * step, f"{100 * n * step:+.6g} %" if n else "0") for n in range(first, last + 1))
    return tuple((_place(value, low, high), label) for value, label in marks)
