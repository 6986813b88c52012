"""Targets as readers see them: the missed ones first, each with what is left up to its limit."""

from __future__ import annotations

from dataclasses import dataclass

from perfkit.model import Run, Target
from perfkit.model.target import bound, share
from perfkit.report import units

MET, MISSED, UNMEASURED = "met", "missed", "not measured"

FULL = 100.0
"""The drawing's width; whichever is the larger of measured and limit reaches up to ``REACH`` of it."""
REACH = 92.0


@dataclass(frozen=True)
class TargetRow:
    """One target in final words; ``verdict`` is ``MET``, ``MISSED`` or ``UNMEASURED``.

    ``bar`` is how long the measured value is drawn, ``mark`` where the limit stands, both from 0 to ``FULL``
    and None where there is nothing to draw.
    """

    scope: str
    metric: str
    limit: str
    measured: str
    margin: str
    verdict: str
    basis: str
    bar: float | None
    mark: float | None


@dataclass(frozen=True)
class Targets:
    """All targets of a run, the missed ones first, then those without a value; ``summary`` counts them."""

    rows: tuple[TargetRow, ...]
    summary: str

    @property
    def met(self) -> int:
        """How many limits are kept."""
        return self._count(MET)

    @property
    def missed(self) -> int:
        """How many limits are not kept."""
        return self._count(MISSED)

    @property
    def unmeasured(self) -> int:
        """How many limits nothing was measured for."""
        return self._count(UNMEASURED)

    def _count(self, verdict: str) -> int:
        return sum(row.verdict == verdict for row in self.rows)


def of_run(run: Run) -> Targets | None:
    """The view of the run's targets; None where it has none."""
    if not run.targets:
        return None
    order = (MISSED, UNMEASURED, MET)
    rows = sorted(map(_row, run.targets), key=lambda row: order.index(row.verdict))
    return Targets(tuple(rows), summary(run.targets))


def summary(targets: list[Target]) -> str:
    """How many were met, in a few words.

    >>> summary([Target("query", "shop", 5, 4), Target("query", "page", 5, 6), Target("cpu", "page", 0.7)])
    '1 of 3 targets met, 1 missed, 1 not measured'
    """
    verdicts = [_verdict(target) for target in targets]
    rest = [f", {count} {word}" for word in (MISSED, UNMEASURED) if (count := verdicts.count(word))]
    word = "target" if len(targets) == 1 else "targets"
    return f"{verdicts.count(MET):,} of {len(targets):,} {word} met{''.join(rest)}"


def _row(target: Target) -> TargetRow:
    measured, limit = target.texts()
    bar, mark = _drawn(target)
    return TargetRow(
        scope=units.clean(target.scope, 200),
        metric=units.clean(target.metric, 40),
        limit=f"{bound(target.metric)} {limit}",
        measured=measured,
        margin=_margin(target),
        verdict=_verdict(target),
        basis=units.clean(target.basis, 400),
        bar=bar,
        mark=mark,
    )


def _verdict(target: Target) -> str:
    return {True: MET, False: MISSED, None: UNMEASURED}[target.met]


def _margin(target: Target) -> str:
    if target.margin is None:
        return ""
    return f"{share(abs(target.margin))} {'beyond' if target.margin < 0 else 'to spare'}"


def _drawn(target: Target) -> tuple[float | None, float | None]:
    most = max(target.measured or 0, target.limit)
    if target.measured is None or not most:
        return None, None
    return round(REACH * target.measured / most, 1), round(REACH * target.limit / most, 1)
