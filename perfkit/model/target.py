"""Targets: limits that a project has set itself, beside what was measured."""

from __future__ import annotations

from msgspec import Struct

AT_LEAST = ("throughput",)
"""Metrics of which more is better; of all others less is."""

METRICS = ("response", "throughput", "errors", "cpu", "memory", "query")
"""Nanoseconds, items per second, a share, a share of one processor, bytes, nanoseconds."""

_SECOND_NS = 1_000_000_000
_LONG_TIMES = ((3600 * _SECOND_NS, "h"), (60 * _SECOND_NS, "min"))
_TIMES = ((_SECOND_NS, "s"), (1_000_000, "ms"), (1_000, "µs"))
_BYTES = ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB"))
_LONG_NS = 600 * _SECOND_NS
"""Below ten minutes a duration is shown in seconds."""

_DIGITS = (3, 5, 8, 12, 17)


class Target(Struct, frozen=True):
    """One limit and what came of it.

    ``metric`` is one of ``METRICS``, which names the unit of ``limit`` and ``measured``. ``scope`` says what
    it is about ("leads: in_filter at 200 leads on own server"), ``basis`` how it was measured, or why it was
    not (``measured`` is None then).

    >>> Target("response", "shop", 100, 80).met, Target("throughput", "shop", 100, 80).met
    (True, False)
    """

    metric: str
    scope: str
    limit: float
    measured: float | None = None
    basis: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the limit is kept; None where nothing was measured."""
        if self.measured is None:
            return None
        return self.measured >= self.limit if self.metric in AT_LEAST else self.measured <= self.limit

    @property
    def margin(self) -> float | None:
        """What is left up to the limit, as a share of it; below 0 it is missed. None where it has no meaning.

        >>> Target("response", "shop", 100, 75).margin
        0.25
        """
        if self.measured is None or not self.limit:
            return None
        part = self.measured / self.limit
        return part - 1 if self.metric in AT_LEAST else 1 - part

    def texts(self) -> tuple[str, str]:
        """The measured value ("" where there is none) and the limit, with digits enough to tell them apart.

        >>> Target("response", "shop", 2_000_000_000, 2_000_300_000).texts()
        ('2.0003 s', '2 s')
        """
        if self.measured is None:
            return "", shown(self.metric, self.limit)
        for digits in _DIGITS:
            both = shown(self.metric, self.measured, digits), shown(self.metric, self.limit, digits)
            if both[0] != both[1] or self.measured == self.limit:
                break
        return both

    def problem(self) -> str:
        """The sentence for a limit that is not kept.

        >>> Target("response", "shop", 2_000_000_000, 2_500_000_000).problem()
        'shop: response is 2.5 s, target at most 2 s: 25 % beyond it'
        """
        measured, limit = self.texts()
        far = "" if self.margin is None else f": {share(abs(self.margin))} beyond it"
        return f"{self.scope}: {self.metric} is {measured}, target {bound(self.metric)} {limit}{far}"


def bound(metric: str) -> str:
    """Which side of the limit is right, in words."""
    return "at least" if metric in AT_LEAST else "at most"


def shown(metric: str, value: float, digits: int = 3) -> str:
    """A value in the metric's unit, with as many ``digits`` that count.

    >>> shown("response", 40_200_000), shown("errors", 0.001), shown("memory", 2e9)
    ('40.2 ms', '0.1 %', '2 GB')
    >>> shown("query", 750), shown("response", 7_500 * 1e9), shown("throughput", 0.0356)
    ('750 ns', '2.08 h', '0.0356/s')
    """
    if metric in ("errors", "cpu"):
        return share(value, digits)
    if metric == "throughput":
        return f"{_rounded(value, digits)}/s"
    if metric == "memory":
        return _in_units(value, _BYTES, "B", digits)
    return _in_units(value, _LONG_TIMES if value >= _LONG_NS else _TIMES, "ns", digits)


def share(value: float, digits: int = 2) -> str:
    """A share in per cent.

    >>> share(0.2534), share(11.31)
    ('25 %', '1,100 %')
    """
    return f"{_rounded(100 * value, digits)} %"


def _in_units(value: float, units: tuple[tuple[int, str], ...], smallest: str, digits: int) -> str:
    for factor, unit in units:
        if float(f"{value / factor:.{digits}g}") >= 1:
            return f"{_rounded(value / factor, digits)} {unit}"
    return f"{_rounded(value, digits)} {smallest}"


def _rounded(value: float, digits: int) -> str:
    """The digits that count, without an exponent and without zeros behind the point."""
    text = f"{float(f'{value:.{digits}g}'):,.12f}"
    return text.rstrip("0").rstrip(".")
