"""The values a parameter may take: the declared ones, those between, and those beyond. Pure functions."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from perfkit.model.tuning import Setting

Values = tuple[float, ...]
"""A setting as a tuple, in the order of the axes: it can be a key, and be sorted."""

FINEST = 1.25
"""Values closer to each other than this factor are not told apart: no world is modelled that exactly."""

FINEST_WHOLE = 1.1
"""The same for counts, so that 5 and 6 are two settings, and 100 and 101 are not."""

WIDEST = 2.0
"""How far beyond the last measured value the next one lies at most, as a factor."""

DIGITS = 2
"""Of a value between two others; nobody wants to set a window of 0.3162 s."""


@dataclass(frozen=True)
class Axis:
    """A parameter with its declared values, in order, and its default. ``whole``: it counts something."""

    name: str
    values: Values
    default: float
    whole: bool

    def between(self, low: float, high: float) -> float | None:
        """A value in the middle of two, or None where they are too close. On a logarithmic scale above 0.

        >>> Axis("limit", (1, 20), 1, True).between(5, 10), Axis("w", (0.1, 1), 1, False).between(0.1, 1)
        (7, 0.32)
        """
        if self.whole and (high - low < 2 or high < low * FINEST_WHOLE):
            return None
        if not self.whole and low > 0 and high / low < FINEST:
            return None
        middle = math.sqrt(low * high) if low > 0 else (low + high) / 2
        if self.whole:
            return min(max(round(middle), int(low) + 1), int(high) - 1)
        rounded = float(f"{middle:.{DIGITS}g}")
        return rounded if low < rounded < high else None

    def beyond(self, inner: float, edge: float) -> float | None:
        """A value behind ``edge``, as seen from ``inner``; None at 0 and where there is no room for one.

        >>> Axis("limit", (1, 20), 1, True).beyond(10, 20), Axis("limit", (1, 20), 1, True).beyond(2, 1)
        (40, None)
        """
        if inner <= 0 or edge <= 0:
            return None
        factor = min(max(edge / inner, 1 / WIDEST), WIDEST)
        further = float(f"{edge * factor:.{DIGITS}g}")
        if self.whole:
            return round(further) if round(further) >= 1 and round(further) != edge else None
        return further


class Axes:
    """All parameters of a strategy.

    >>> axes = Axes([Axis("limit", (1, 5), 5, True), Axis("window_s", (0.1, 1.0), 1.0, False)])
    >>> axes.setting((5, 0.1))
    {'limit': 5, 'window_s': 0.1}
    """

    def __init__(self, axes: Iterable[Axis]) -> None:
        self.axes = tuple(axes)

    def __iter__(self) -> Iterator[Axis]:
        return iter(self.axes)

    @property
    def default(self) -> Values:
        """The strategy as it is declared."""
        return tuple(axis.default for axis in self.axes)

    def setting(self, values: Values) -> Setting:
        """By name."""
        return {axis.name: value for axis, value in zip(self.axes, values, strict=True)}

    def values(self, setting: Setting) -> Values:
        """In order."""
        return tuple(setting[axis.name] for axis in self.axes)

    def coarse(self) -> list[Values]:
        """Combinations of the ends and the middle of the declared values; the ends first."""
        ranks = [_ranks(axis.values) for axis in self.axes]
        combined = itertools.product(*(axis.values for axis in self.axes))
        found = [values for values in combined if _depth(values, ranks) <= 1]
        return sorted(found, key=lambda values: (_depth(values, ranks), values))

    def near(self, best: Values) -> list[Values]:
        """All combinations of the declared values, those in fewest steps from ``best`` first."""
        start = [_nearest(axis.values, value) for axis, value in zip(self.axes, best, strict=True)]

        def steps(values: Values) -> int:
            pairs = zip(self.axes, values, start, strict=True)
            return sum(abs(axis.values.index(value) - place) for axis, value, place in pairs)

        combined = itertools.product(*(axis.values for axis in self.axes))
        return sorted(combined, key=lambda values: (steps(values), values))

    def along(self, number: int, through: Values, measured: Iterable[Values]) -> list[float]:
        """Values of axis ``number`` that were measured with all others as in ``through``, in order."""
        others = _without(through, number)
        return sorted({values[number] for values in measured if _without(values, number) == others})


def with_value(values: Values, number: int, value: float) -> Values:
    """``values`` with one of them replaced.

    >>> with_value((1, 2, 3), 1, 9)
    (1, 9, 3)
    """
    return (*values[:number], value, *values[number + 1 :])


def neighbours(value: float, ordered: Sequence[float]) -> tuple[float | None, float | None]:
    """The next lower and the next higher one among ``ordered``.

    >>> neighbours(5, [1, 5, 10]), neighbours(7, [1, 5])
    ((1, 10), (5, None))
    """
    lower = [other for other in ordered if other < value]
    higher = [other for other in ordered if other > value]
    return (lower[-1] if lower else None), (higher[0] if higher else None)


def _nearest(ordered: Values, value: float) -> int:
    """The place of the value nearest to one that may lie between."""
    return min(range(len(ordered)), key=lambda place: abs(ordered[place] - value))


def _without(values: Values, number: int) -> Values:
    return (*values[:number], *values[number + 1 :])


def _depth(values: Values, ranks: list[dict[float, int]]) -> int:
    return max(rank[value] for value, rank in zip(values, ranks, strict=True))


def _ranks(values: Values) -> dict[float, int]:
    """0 for both ends, 1 for the middle, 2 for the quarters, and so on.

    >>> _ranks((1, 2, 5, 10, 20))
    {1: 0, 20: 0, 5: 1, 2: 2, 10: 2}
    """
    ranks, rank, cuts = {values[0]: 0, values[-1]: 0}, 1, [(0, len(values) - 1)]
    while len(ranks) < len(values):
        halves = []
        for low, high in cuts:
            middle = (low + high) // 2
            ranks.setdefault(values[middle], rank)
            halves += [(low, middle), (middle, high)]
        cuts, rank = halves, rank + 1
    return ranks
