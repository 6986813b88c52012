"""What the main figure is put together from. Places are per cent of a chart's width, texts are final."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from perfkit.report import units
from perfkit.report.axis import Axis

Ticks = tuple[tuple[float, str], ...]
"""Place and label of each."""


@dataclass(frozen=True)
class Bar:
    """A bar from 0 to ``end`` with its interval.

    ``role``: "baseline", "right", "best", "wrong" (other answer or known flaw), "before", "worse", "better",
    or "none" (no bar: ``label`` says what happened).
    """

    name: str
    label: str
    role: str
    end: float
    low: float = 0.0
    high: float = 0.0


@dataclass(frozen=True)
class Bars:
    """Bars of one measure, one below the other; ``note`` says what is left out."""

    caption: str
    bars: tuple[Bar, ...]
    ticks: Ticks = ()
    note: str = ""

    @property
    def paired(self) -> bool:
        """Whether every two bars belong together."""
        return any(bar.role == "before" for bar in self.bars)


@dataclass(frozen=True)
class Lane:
    """The calls of one strategy: (start, end, refused) of each, first come first.

    From ``missing_from`` to ``end`` there were more calls, whose places were not stored.
    """

    name: str
    label: str
    calls: tuple[tuple[float, float, bool], ...]
    end: float
    missing_from: float | None = None


@dataclass(frozen=True)
class Lanes:
    """Several strategies on one time axis."""

    caption: str
    lanes: tuple[Lane, ...]
    ticks: Ticks = ()

    @property
    def any_refused(self) -> bool:
        """Whether a call is outlined, so that a legend must say why."""
        return any(refused for lane in self.lanes for _, _, refused in lane.calls)


@dataclass(frozen=True)
class Curve:
    """A line through (x, y) points in per cent, from below; its ``role`` is that of a bar."""

    name: str
    role: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Curves:
    """Lines over a common axis; ``shaded`` are stretches of it."""

    caption: str
    curves: tuple[Curve, ...]
    ticks: Ticks
    heights: Ticks
    shaded: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Interval:
    """A relative change with its interval; ``role`` is "worse", "better", "same" or "open"."""

    name: str
    label: str
    role: str
    middle: float
    low: float
    high: float


@dataclass(frozen=True)
class Intervals:
    """Changes on one axis; ``zero`` is where nothing changed."""

    caption: str
    rows: tuple[Interval, ...]
    zero: float
    ticks: Ticks
    note: str = ""


Chart = Bars | Lanes | Curves | Intervals


@dataclass(frozen=True)
class Panel:
    """A heading with one chart, or two side by side."""

    heading: str
    place: str
    charts: tuple[Chart, ...]


@dataclass(frozen=True)
class Figure:
    """The whole. ``outcome`` is the verdict's name, ``title`` the sentence that says it all."""

    outcome: str
    title: str
    panels: tuple[Panel, ...]
    footer: str
    note: str = ""


def scale(axis: Axis) -> str:
    """What a caption adds where bars cannot be compared by their length."""
    return ", logarithmic" if axis.log else ""


def apart(values: Sequence[int], fixed: Sequence[bool], most: int) -> list[int]:
    """Indexes of at most ``most`` values, those that are ``fixed`` among them, as unlike as can be.

    One of the two that differ by the smallest factor goes, until there are few enough.

    >>> apart([100, 99, 50, 49, 1], [True, False, False, False, True], 3)
    [0, 2, 4]
    """
    left = sorted(range(len(values)), key=lambda n: (-values[n], not fixed[n], n))
    while len(left) > most:
        gaps = [
            (math.log(max(values[a], 1) / max(values[b], 1)), number, b if not fixed[b] else a)
            for number, (a, b) in enumerate(itertools.pairwise(left))
            if not (fixed[a] and fixed[b])
        ]
        if not gaps:
            break
        left.remove(min(gaps)[2])
    return sorted(left)


def more(count: int, what: str) -> str:
    """What a chart says of rows there was no room for.

    >>> more(0, "strategy"), more(3, "change")
    ('', 'and 3 more changes')
    """
    return f"and {units.plural(count, f'more {what}')}" if count else ""
