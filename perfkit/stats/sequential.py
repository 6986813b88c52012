"""Deciding as early as the data allow: t intervals over pairs of processes, looked at a few times. Pure.

A pair gives one number, the logarithm of head / base; their trimmed mean is judged after 5, 8, 12, ... pairs.
Two errors are held over all these looks together, whatever their number, since look k = 1, 2, ... may spend
1 / (k (k + 1)) of each, and these sum to 1:

- REGRESSED (IMPROVED alike) needs an interval that lies beyond the margin of 1 %. Such a verdict on a change
  within the margin is wrong at most in ALPHA of the comparisons, both directions together.
- NO_CHANGE needs an interval within the tolerance of 2 %. Such a verdict on a change beyond the tolerance is
  wrong at most in MISS of them.

Between margin and tolerance either may come out, or neither. Many benchmarks share ALPHA (``families.py``).
"""

from __future__ import annotations

import bisect
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from perfkit.model import Verdict
from perfkit.stats.student import quantile

LOOKS = (5, 8, 12, 18, 25, 35, 50, 70, 100, 140, 200, 280, 400)
"""Pairs at which a decision is tried: fewer than five say little of how pairs vary."""

MARGIN = 0.01
"""A neutral change moves code and data about, which alone was measured to change times by up to 1.5 %."""

TOLERANCE = 0.02
ALPHA = 0.01
MISS = 0.05
POWER = 0.95
TRIMMED = 0.1
WIDEST = 50.0
"""No interval of logarithms is given wider: few pairs that differ wildly would leave the range of a float."""


@dataclass(frozen=True)
class Decision:
    """What the pairs so far say. ``verdict`` is None while they do not decide.

    ``ratio`` is head / base, ``low`` and ``high`` its interval at ``level``. ``noise`` is half the width that
    interval would have around 1, and ``detectable`` the smallest slowdown that this many pairs that vary like
    these find in 95 of 100 runs; both as fractions.
    """

    verdict: Verdict | None
    ratio: float
    low: float
    high: float
    level: float
    noise: float
    detectable: float


def is_look(pairs: int) -> bool:
    """Whether a decision is tried after that many pairs."""
    return pairs in LOOKS


def decide(log_ratios: Sequence[float], *, alpha: float = ALPHA, miss: float = MISS) -> Decision:
    """Judge pairs, two at least, by the logarithms of their ratios.

    Call it at looks, and once more when time is up: a last look between two looks spends what the next one
    would have spent.

    >>> decide([0.049, 0.051, 0.050, 0.050, 0.050]).verdict
    <Verdict.REGRESSED: 'regressed'>
    """
    mean, error, df = trimmed(log_ratios)
    share = _share(len(log_ratios))
    wide = min(error * quantile(1 - alpha * share / 2, df), WIDEST)
    narrow = min(error * quantile(1 - miss * share, df), WIDEST)
    verdict = _verdict(mean, wide, narrow)
    half, level = (narrow, 1 - 2 * miss) if verdict is Verdict.NO_CHANGE else (wide, 1 - alpha)
    return Decision(
        verdict,
        ratio=math.exp(mean),
        low=math.exp(mean - half),
        high=math.exp(mean + half),
        level=level,
        noise=math.expm1(wide),
        detectable=math.expm1(min(math.log1p(MARGIN) + wide + error * quantile(POWER, df), WIDEST)),
    )


def trimmed(values: Sequence[float]) -> tuple[float, float, int]:
    """The mean without the lowest and highest tenth, its standard error, and its degrees of freedom.

    Tukey and McLaughlin (1963): the error is that of the values with the tenths pulled in to their neighbour.
    A busy machine spoils a pair now and then, which is 6 % off where others vary by 1 %: trimmed, a slowdown
    of 2.5 % was found in 99 instead of 94 of 100, with no more false alarms. Below ten values all count.
    """
    count = len(values)
    cut = int(count * TRIMMED)
    ordered = sorted(values)
    inner = ordered[cut : count - cut]
    pulled = [inner[0]] * cut + inner + [inner[-1]] * cut
    error = statistics.stdev(pulled) / ((1 - 2 * cut / count) * math.sqrt(count))
    return statistics.fmean(inner), error, len(inner) - 1


def _share(pairs: int) -> float:
    """The part of an error that a look after so many pairs may spend."""
    look = bisect.bisect_left(LOOKS, pairs) + 1
    return 1 / (look * (look + 1))


def _verdict(mean: float, wide: float, narrow: float) -> Verdict | None:
    if mean - wide > math.log1p(MARGIN):
        return Verdict.REGRESSED
    if mean + wide < -math.log1p(MARGIN):
        return Verdict.IMPROVED
    if abs(mean) + narrow < math.log1p(TOLERANCE):
        return Verdict.NO_CHANGE
    return None
