"""Scales of line charts: where a value lies, and which round values are beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from perfkit.report.axis import round_step


@dataclass(frozen=True)
class Scale:
    """From ``low`` to ``high``. "log" needs them above 0.

    "symlog" is linear up to ``threshold`` and logarithmic above it, for values that may be 0; its linear
    part is as long as a decade.
    """

    low: float
    high: float
    kind: Literal["linear", "log", "symlog"]
    threshold: float = 1.0

    def share(self, value: float) -> float:
        """Where ``value`` lies, 0 to 1.

        >>> Scale(1, 100, "log").share(10), Scale(0, 100, "symlog").share(1)
        (0.5, 0.3333333333333333)
        """
        low, high = self._of(self.low), self._of(self.high)
        return min(1.0, max(0.0, (self._of(value) - low) / (high - low))) if high > low else 0.0

    def _of(self, value: float) -> float:
        if self.kind == "linear":
            return value
        if self.kind == "log":
            return math.log10(max(value, self.low))
        return 1 + math.log10(value / self.threshold) if value > self.threshold else value / self.threshold

    def ticks(self, most: int = 5) -> list[float]:
        """Round values in it: equal steps, or powers of ten, or 1, 2 and 5 of them where there are few.

        >>> Scale(150, 30_000, "log").ticks(), Scale(2, 9, "log").ticks(), Scale(0, 50, "symlog").ticks()
        ([1000.0, 10000.0], [2.0, 5.0], [0.0, 1.0, 10.0])
        """
        if self.kind == "linear":
            return self._steps(most)
        first = self.threshold if self.kind == "symlog" else self.low
        powers = range(math.floor(math.log10(first) + 1e-9), math.ceil(math.log10(self.high) - 1e-9) + 1)
        wanted = [10.0**power for power in powers]
        found = [value for value in wanted if first * 0.999 <= value <= self.high * 1.001]
        if len(found) < 2:
            wanted = [value * times for value in wanted for times in (1, 2, 5)]
            found = [value for value in wanted if first * 0.999 <= value <= self.high * 1.001]
        found = found[:: max(1, math.ceil(len(found) / most))]
        return [0.0, *found] if self.kind == "symlog" else found

    def _steps(self, most: int) -> list[float]:
        step = round_step(self.high - self.low, most)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [step * number for number in range(first, last + 1)]
