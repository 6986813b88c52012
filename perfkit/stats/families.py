"""False alarms over many benchmarks of one run. Pure.

If each of 30 benchmarks may be wrong in 1 % of runs, 26 % of runs are wrong somewhere. So each gets its
share of the error (Bonferroni), and 1 % holds for the whole run. Confirming alarms with fresh pairs would
do as well, but gives a reader two answers for one benchmark. The share is cheap, since a t quantile grows
slowly once there are many pairs: for 30 benchmarks instead of one by half at 12 pairs, by a third at 25.
"""

from __future__ import annotations


def share_of(alpha: float, benchmarks: int) -> float:
    """The error each of so many benchmarks may make for ``alpha`` to hold for all of them together.

    >>> share_of(0.01, 4)
    0.0025
    """
    return alpha / max(benchmarks, 1)
