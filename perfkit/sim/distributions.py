"""Durations that vary, drawn so that two strategies meet the same luck.

A draw is a function of a seed, a name and a number: the 17th request to a host takes as long in strategy A as
in strategy B, however many other draws were made between. Nothing here keeps state.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Protocol

from perfkit.errors import UsageError

_STANDARD = NormalDist()
_BITS = 52  # what a float holds, and half of the last one
_STEP = 1.0 / (1 << _BITS)


class Distribution(Protocol):
    """Durations in whole nanoseconds, by the share of them that are shorter."""

    def at_ns(self, share: float) -> int:
        """The quantile: the duration that a ``share`` (over 0, under 1) of all draws stay below."""


@dataclass(frozen=True)
class Constant:
    """Always the same.

    >>> Constant(5_000_000).at_ns(0.3)
    5000000
    """

    duration_ns: int

    def __post_init__(self) -> None:
        _check("duration_ns", self.duration_ns)

    def at_ns(self, share: float) -> int:
        """The duration, whatever the share."""
        return self.duration_ns


@dataclass(frozen=True)
class Lognormal:
    """Mostly near the median, seldom much longer: what service times look like.

    ``sigma`` is the standard deviation of the logarithm; 0.5 makes the 99th percentile 3.2 times the median.

    >>> Lognormal(30_000_000, 0.5).at_ns(0.5)
    30000000
    """

    median_ns: int
    sigma: float

    def __post_init__(self) -> None:
        _check("median_ns", self.median_ns)
        if not 0 <= self.sigma < math.inf:
            raise UsageError(f"sigma={self.sigma!r}: give a number from 0")

    def at_ns(self, share: float) -> int:
        """Median x exp(sigma x z), z the standard normal distribution's quantile."""
        return round(self.median_ns * math.exp(self.sigma * _STANDARD.inv_cdf(share)))


@dataclass(frozen=True)
class Exponential:
    """Without memory, as the time until the next of many independent events is.

    >>> Exponential(10_000_000).at_ns(0.5)
    6931472
    """

    mean_ns: int

    def __post_init__(self) -> None:
        _check("mean_ns", self.mean_ns)

    def at_ns(self, share: float) -> int:
        """-mean x ln(1 - share)."""
        return round(-self.mean_ns * math.log1p(-share))


@dataclass(frozen=True)
class Uniform:
    """Anything from ``low_ns`` to ``high_ns``, all equally likely.

    >>> Uniform(0, 2_000_000).at_ns(0.25)
    500000
    """

    low_ns: int
    high_ns: int

    def __post_init__(self) -> None:
        _check("low_ns", self.low_ns)
        if self.high_ns < self.low_ns:
            raise UsageError(f"high_ns={self.high_ns!r} is less than low_ns={self.low_ns!r}")

    def at_ns(self, share: float) -> int:
        """On the straight line between the two."""
        return self.low_ns + round(share * (self.high_ns - self.low_ns))


class Empirical:
    """As measured: each observed duration is as likely as it was frequent.

    >>> Empirical([20, 10, 40, 30]).at_ns(0.6)
    30
    """

    def __init__(self, observed_ns: Sequence[int]) -> None:
        if not observed_ns:
            raise UsageError("Empirical() needs at least one observed duration")
        for duration in observed_ns:
            _check("an observed duration", duration)
        self.observed_ns = tuple(sorted(observed_ns))
        self._shares = [(index + 1) / len(observed_ns) for index in range(len(observed_ns) - 1)]

    def __repr__(self) -> str:
        return f"Empirical({len(self.observed_ns)} observed)"

    def at_ns(self, share: float) -> int:
        """The observation at that place among all of them in order."""
        return self.observed_ns[bisect_right(self._shares, share)]


def share_of(seed: int, name: str, number: int) -> float:
    """A number over 0 and under 1 that looks random and depends on nothing but the arguments.

    >>> share_of(1, "api.test", 7) == share_of(1, "api.test", 7)
    True
    """
    digest = hashlib.blake2b(f"{seed}/{name}/{number}".encode(), digest_size=8).digest()
    return ((int.from_bytes(digest, "big") >> (64 - _BITS)) + 0.5) * _STEP


def draw_ns(distribution: Distribution, seed: int, name: str, number: int) -> int:
    """The duration of event ``number`` of ``name`` (a host, a link) under ``seed``.

    >>> draw_ns(Constant(5), 1, "api.test", 7)
    5
    """
    return distribution.at_ns(share_of(seed, name, number))


def _check(name: str, duration_ns: int) -> None:
    if not isinstance(duration_ns, int) or isinstance(duration_ns, bool) or duration_ns < 0:
        raise UsageError(f"{name}={duration_ns!r}: give a whole number of nanoseconds, 0 or more")
