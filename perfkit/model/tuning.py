"""What ``perfkit tune`` found: every setting it measured, the one it chose, and why. Knows msgspec only."""

from __future__ import annotations

from msgspec import Struct, field

Setting = dict[str, float]
"""Values of a strategy's parameters by name."""


class Point(Struct, frozen=True):
    """One setting measured at one size under one seed.

    ``stage``: "grid", "default" (the strategy as it is declared), "refined", "outside" (beyond the declared
    values), "step" (beside the choice) or "check" (the choice at another size or seed). ``goal`` is what is
    made small (None: not measured); ``figures`` are the cell's own and the counters behind goal and limits.
    ``broken`` are sentences: why it is no candidate.
    """

    parameters: Setting
    stage: str
    size: int
    seed: int
    goal: float | None = None
    figures: dict[str, float] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)


class Knee(Struct, frozen=True):
    """From where on more operations in flight gain nothing, by Little's law: ``rate_per_s`` x ``cost_ns``.

    ``parameter`` is the one that bounds what is in flight, ``unit`` what is counted ("request", "command" of
    a batch, "query"). ``demand`` is "offered" where work arrives by itself and the rate is that of the
    busiest stretch, "served" where a fixed amount of work is done, so that the rate is the highest that the
    service gave. ``most`` is the largest value that kept the limits. ``flat_from`` is the smallest measured
    value from which on the goal stays within 5 % of its best (None: it still falls at the last value).
    """

    parameter: str
    unit: str
    demand: str
    rate_per_s: float
    cost_ns: float
    most: float
    flat_from: float | None = None

    @property
    def needed(self) -> float:
        """How many must be in flight.

        >>> Knee("in_flight", "command", "offered", 2.9, 2e9, 20).needed
        5.8
        """
        return self.rate_per_s * self.cost_ns / 1e9


class Step(Struct, frozen=True):
    """The choice with one parameter a step lower or higher. ``change`` is the goal's relative change."""

    parameter: str
    value: float
    goal: float | None
    change: float | None
    broken: list[str] = field(default_factory=list)


class Tuning(Struct):
    """One strategy tuned in one world. ``points`` are in the order in which they were asked for.

    ``parameters`` are the declared values and ``defaults`` the strategy's own. ``goal`` gives weights of
    figures, ``limits`` the most that figures may reach. ``baseline`` is the strategy that it is compared
    with, and ``baseline_points`` that one at each size. ``chosen`` is None where no setting kept the limits.
    ``stopped`` says why the search ended early, or is empty.
    """

    scenario: str
    strategy: str
    world: str
    world_title: str
    size: int
    unit: str
    seed: int
    parameters: dict[str, list[float]]
    defaults: Setting
    goal: dict[str, float]
    limits: dict[str, float]
    points: list[Point] = field(default_factory=list)
    baseline: str = ""
    baseline_points: list[Point] = field(default_factory=list)
    chosen: Setting | None = None
    steps: list[Step] = field(default_factory=list)
    knee: Knee | None = None
    checks: list[Point] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    stopped: str = ""

    def point(self, parameters: Setting | None) -> Point | None:
        """What was measured with these values at the size of the search, or None."""
        return next((point for point in self.points if point.parameters == parameters), None)

    def problem(self) -> str:
        """A sentence where no setting keeps the limits, else an empty text."""
        if self.chosen is not None or not self.points or self.stopped == INTERRUPTED:
            return ""
        reasons = [reason for point in self.points for reason in point.broken[:1]]
        often = max(dict.fromkeys(reasons), key=reasons.count, default="nothing was measured")
        return (
            f"{self.scenario}: no setting of {self.strategy} on {self.world} keeps the limits "
            f"({len(self.points)} measured); most often: {often}"
        )


INTERRUPTED = "interrupted"
"""``Tuning.stopped`` after Ctrl-C."""
