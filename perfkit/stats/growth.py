"""How cost grows with size: the exponent of a power law, by least squares on logarithms. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterable


def exponent(points: Iterable[tuple[float, float]]) -> float | None:
    """The slope of ``(size, cost)`` points on logarithmic axes: 1 grows with the size, 0 does not grow.

    Points that are not positive are left out, since they have no logarithm. None with fewer than two
    different sizes left.

    >>> exponent([(10, 5.0), (100, 50.0), (1000, 500.0)])
    1.0
    """
    logs = [(math.log(size), math.log(cost)) for size, cost in points if size > 0 and cost > 0]
    if len({x for x, _ in logs}) < 2:
        return None
    mean_x = math.fsum(x for x, _ in logs) / len(logs)
    mean_y = math.fsum(y for _, y in logs) / len(logs)
    spread = math.fsum((x - mean_x) ** 2 for x, _ in logs)
    slope = math.fsum((x - mean_x) * (y - mean_y) for x, y in logs) / spread
    # logarithms differ in the last digit between C libraries; no reader needs more than nine
    return round(slope, 9) + 0.0
