"""Two runs that were made apart, one after the other: what their times can show, and what they cannot.

The unit is the process. Rounds of one process agree with each other far better than two processes do: tests
over rounds find a difference in 34 % of comparisons of a program with itself, at p < .01.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from perfkit.model.verdict import Verdict
from perfkit.stats import student

MIN_PROCESSES = 5
"""Fewer on a side say too little about how far processes lie apart."""

MARGIN = 0.05
"""Two runs of one program, made one after the other, differ by so much and no statistics over their processes
knows of it: of comparisons by pyperf of a program with itself 3 of 5 were "significant" at 2 to 3 %."""

APART = 0.15
"""By less than this single processes differ by themselves. On two cores with little else to do least times do
so by up to 5 to 8 % at 1 % false alarms; while others used those cores, of 870 comparisons of a program with
itself 1.7 and 4.6 % (two workloads) had both least and median time 10 % apart, and 0 and 0.1 % 15 % apart."""

BUSY = 0.10
"""Where the processes of one run lie further apart (standard deviation), something else had the processor,
and perhaps more of it during one run than the other. Of 756 comparisons of pyperf's runs of one program with
each other, on two busy cores, 18 and 20 % (two workloads) were above the margin; where this is asked for, 0
and 0.3 % (``benchmarks/unpaired_trials.py``)."""

POWER = 0.95

LEVEL = 0.99


@dataclass(frozen=True)
class Interval:
    """``ratio`` head / base, between ``low`` and ``high`` at ``level``; the rest as in ``Timing``."""

    ratio: float
    low: float
    high: float
    level: float
    noise: float
    detectable: float

    @property
    def verdict(self) -> Verdict:
        """REGRESSED or IMPROVED when all of the interval is beyond the margin, NO_CHANGE when all is within.

        >>> Interval(1.09, 1.06, 1.12, 0.99, 0.03, 0.06).verdict.value
        'regressed'
        """
        if self.low > 1 + MARGIN:
            return Verdict.REGRESSED
        if self.high < 1 / (1 + MARGIN):
            return Verdict.IMPROVED
        close = self.high < 1 + MARGIN and self.low > 1 / (1 + MARGIN)
        return Verdict.NO_CHANGE if close else Verdict.INCONCLUSIVE


def welch(base: Sequence[float], head: Sequence[float], *, level: float = LEVEL) -> Interval:
    """The interval of the ratio of two geometric means, from one positive number of each process.

    Welch's t on logarithms (B. L. Welch, Biometrika 34, 1947), the sides' variances being unequal.
    Raises ValueError with fewer than two numbers on a side, or one that is not positive.

    >>> found = welch([100, 101, 99, 100, 100], [110, 111, 109, 110, 110])
    >>> round(found.ratio, 3), found.low < 1.1 < found.high
    (1.1, True)
    """
    if min(len(base), len(head)) < 2:
        raise ValueError("an interval needs two processes on each side")
    (mean_a, error_a), (mean_b, error_b) = _logs(base), _logs(head)
    error = error_a + error_b
    terms = error_a**2 / (len(base) - 1) + error_b**2 / (len(head) - 1)
    freedom = error**2 / terms if terms else len(base) + len(head) - 2.0
    spread = math.sqrt(error)
    half = student.quantile((1 + level) / 2, freedom) * spread
    found = MARGIN + half + student.quantile(POWER, freedom) * spread
    centre = mean_b - mean_a
    return Interval(
        ratio=math.exp(centre),
        low=math.exp(centre - half),
        high=math.exp(centre + half),
        level=level,
        noise=math.expm1(half),
        detectable=math.expm1(found),
    )


def _logs(values: Sequence[float]) -> tuple[float, float]:
    """Mean of the logarithms, and the square of its standard error."""
    logs = [math.log(value) for value in values]
    mean = math.fsum(logs) / len(logs)
    return mean, math.fsum((x - mean) ** 2 for x in logs) / (len(logs) - 1) / len(logs)


def spread(values: Sequence[float]) -> float:
    """How far processes lie apart: the standard deviation of their logarithms, so about a fraction of them.

    >>> round(spread([100, 110, 90, 100, 100]), 2)
    0.07
    """
    return math.sqrt(_logs(values)[1] * len(values))


def single(least: float, median: float) -> Verdict:
    """What two single processes show, by the ratios of their least and median times: little below ``APART``.

    >>> single(1.3, 1.1).value, single(1.2, 1.3).value, single(0.8, 0.7).value
    ('inconclusive', 'regressed', 'improved')
    """
    if min(least, median) > 1 + APART:
        return Verdict.REGRESSED
    return Verdict.IMPROVED if max(least, median) < 1 / (1 + APART) else Verdict.INCONCLUSIVE
