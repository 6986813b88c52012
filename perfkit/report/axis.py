"""Time axes shared by bars and waterfalls: where a time lies, in per cent of the width, and its ticks."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from perfkit.report.units import tick

LOG_FROM_RANGE = 20
"""A wider range than this is drawn on a logarithmic axis, or the short bars could not be told apart."""


@dataclass(frozen=True)
class Axis:
    """From ``low_ns`` (0 on a linear axis) to ``high_ns``."""

    low_ns: float
    high_ns: float
    log: bool

    def percent(self, ns: float) -> float:
        """Where ``ns`` lies, 0 to 100.

        >>> Axis(0, 200, False).percent(50)
        25.0
        """
        if self.log:
            share = math.log(max(ns, self.low_ns) / self.low_ns) / math.log(self.high_ns / self.low_ns)
        else:
            share = ns / self.high_ns
        return round(100 * min(1.0, max(0.0, share)), 2)

    def ticks(self) -> list[tuple[float, str]]:
        """Place and label of each tick: powers of ten, or about five round steps."""
        times = self._powers() if self.log else self._steps()
        return [(self.percent(ns), tick(ns)) for ns in times]

    def _powers(self) -> list[float]:
        first, last = math.ceil(math.log10(self.low_ns) - 1e-9), math.floor(math.log10(self.high_ns) + 1e-9)
        step = max(1, math.ceil((last - first) / 5))
        return [10.0**power for power in range(first, last + 1, step)]

    def _steps(self) -> list[float]:
        step = round_step(self.high_ns, 5)
        return [step * i for i in range(math.floor(self.high_ns / step + 1e-9) + 1)]


def axis_for(times_ns: Iterable[int], *, allow_log: bool = True) -> Axis:
    """The axis on which all ``times_ns`` fit.

    >>> axis_for([1, 5]).log, axis_for([1, 50]).log
    (False, True)
    """
    positive = sorted(ns for ns in times_ns if ns > 0)
    if not positive:
        return Axis(0, 1, False)
    if not allow_log or positive[-1] <= LOG_FROM_RANGE * positive[0]:
        return Axis(0, positive[-1], False)
    # 0.7: the shortest bar keeps a visible length even just above a power of ten
    return Axis(10.0 ** math.floor(math.log10(positive[0] * 0.7)), positive[-1], True)


def round_step(length: float, count: int) -> float:
    """A round distance between ticks, so that about ``count`` of them reach over ``length``.

    >>> round_step(0.37, 4), round_step(900, 4)
    (0.1, 500.0)
    """
    rough = length / count
    unit = 10.0 ** math.floor(math.log10(rough))
    return next(unit * times for times in (1, 2, 5, 10) if unit * times >= rough * 0.999)
