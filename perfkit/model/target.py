"""Targets: limits that a project has set itself, beside what was measured."""

from __future__ import annotations

from msgspec import Struct

AT_LEAST = ("throughput",)
"""Metrics of which more is better; of all others less is."""

METRICS = ("response", "throughput", "errors", "cpu", "memory", "query")
"""Nanoseconds, items per second, a share, a share of one processor, bytes, nanoseconds."""


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

    def problem(self) -> str:
        """The sentence for a limit that is not kept."""
        far = "" if self.margin is None else f", {abs(self.margin):.0%} beyond it"
        bound = "at least" if self.metric in AT_LEAST else "at most"
        measured, limit = shown(self.metric, self.measured or 0), shown(self.metric, self.limit)
        return f"{self.scope}: {self.metric} is {measured}, target {bound} {limit}{far}"


def shown(metric: str, value: float) -> str:
    """A value in the metric's unit.

    >>> shown("response", 40_200_000), shown("errors", 0.001), shown("memory", 2e9), shown("throughput", 1234)
    ('40.2 ms', '0.1 %', '2.0 GB', '1,234/s')
    """
    if metric in ("response", "query"):
        return f"{value / 1e9:,.3g} s" if value >= 1e9 else f"{value / 1e6:,.3g} ms"
    if metric in ("errors", "cpu"):
        return f"{100 * value:.3g} %"
    if metric == "memory":
        return f"{value / 1e9:.1f} GB" if value >= 1e9 else f"{value / 1e6:.1f} MB"
    return f"{value:,.0f}/s"
