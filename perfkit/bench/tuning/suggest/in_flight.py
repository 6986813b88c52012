"""What is in flight beside what is needed, rate x time (Little's law): raise what is far under it.

Lower what is far above. The service's highest rate is that of the fastest right strategy with as many
operations; what an operation takes that waits for no other is measured where one is under way at a time.
"""

from __future__ import annotations

from collections.abc import Iterator

from perfkit.bench.tuning.suggest import processor
from perfkit.bench.tuning.suggest.case import Advice, Case, operations_of
from perfkit.bench.tuning.words import goal_shown
from perfkit.model import Cell, Tuning
from perfkit.rules.savings import text

LOOKED_AT = "operations in flight, beside rate x time"

FAR = 2.0
"""In flight and needed differ by this factor and more."""

ALIKE = 0.1
"""Strategies are compared whose numbers of operations differ by less than this share."""

NO_GAIN = 0.05


def check(case: Case) -> Iterator[Advice]:
    """At most one advice."""
    if case.tuning is not None:
        yield from _tuned(case, case.tuning)
    elif case.cell is not None and not processor.is_bound(case):
        yield from _compared(case, case.cell)


def _compared(case: Case, cell: Cell) -> Iterator[Advice]:
    alike = [peer for peer in case.peers if _is_alike(case, peer)]
    alone = next((c for c in (cell, *alike) if c.peak_in_flight == 1 and c.waiting_ns), None)
    if not alike or alone is None:
        return
    cost_ns = alone.waiting_ns / operations_of(alone.counters)
    best = min((cell, *alike), key=_elapsed)
    rate = operations_of(best.counters) * 1e9 / _elapsed(best)
    needed = rate * cost_ns / 1e9
    law = f"{rate:.3g} operations/s x {text(cost_ns)} = {needed:.2g} in flight"
    if cell.peak_in_flight * FAR <= needed and _elapsed(best) < case.elapsed_ns * (1 - NO_GAIN):
        yield Advice(
            "raise-in-flight",
            f"Have {best.peak_in_flight} operations under way at a time, not {cell.peak_in_flight}.",
            f"{best.strategy} does as many operations in {text(_elapsed(best))} in place of "
            f"{text(case.elapsed_ns)}; the service was not full.",
            (law, f"{cell.peak_in_flight} in flight at most"),
            case.where,
            case.about,
            case.elapsed_ns - _elapsed(best),
        )
    calmer = [p for p in alike if p.peak_in_flight * FAR <= cell.peak_in_flight]
    calmer = [p for p in calmer if _elapsed(p) <= case.elapsed_ns * (1 + NO_GAIN)]
    if calmer and cell.peak_in_flight >= FAR * needed:
        gentlest = min(calmer, key=lambda peer: (peer.peak_in_flight, peer.strategy))
        yield Advice(
            "lower-in-flight",
            f"Have {gentlest.peak_in_flight} operations under way at a time, not {cell.peak_in_flight}.",
            f"{gentlest.strategy} is as fast ({text(_elapsed(gentlest))}): what is above that only waits.",
            (law, f"{cell.peak_in_flight} in flight at most"),
            case.where,
            case.about,
        )


def _is_alike(case: Case, peer: Cell) -> bool:
    """Does the same operations, so that their rates can be compared."""
    own, other = case.operations, operations_of(peer.counters)
    return own > 0 and abs(other - own) <= ALIKE * own


def _elapsed(cell: Cell) -> int:
    return cell.elapsed_ns or 1


def _tuned(case: Case, tuning: Tuning) -> Iterator[Advice]:
    """The declared value beside the knee that was measured."""
    knee, declared, chosen = tuning.knee, tuning.point(tuning.defaults), tuning.point(tuning.chosen)
    if knee is None or declared is None or chosen is None or chosen.goal is None:
        return
    value, better = tuning.defaults[knee.parameter], chosen.parameters[knee.parameter]
    law = f"{knee.rate_per_s:.3g} {knee.unit}s/s x {text(knee.cost_ns)} = {knee.needed:.2g} in flight"
    lowered = value >= FAR * max(knee.needed, 1) and value >= FAR * better
    raised = value * FAR <= knee.needed and better > value
    if not lowered and not raised:
        return
    code, word = ("raise-in-flight", "far under") if raised else ("lower-in-flight", "far above")
    gain = "what is above it only waits" if lowered else "the service is not full"
    yield Advice(
        code,
        f"Set {knee.parameter} to {better:g}, not {value:g}.",
        f"{value:g} is {word} the knee: {gain}.",
        (law, f"with {better:g}, as chosen: {goal_shown(tuning.goal, chosen.goal)}"),
        case.where,
        case.about,
        _saved_ns(tuning, declared.goal, chosen.goal) if raised else None,
    )


def _saved_ns(tuning: Tuning, before: float | None, after: float) -> int | None:
    in_ns = all(name.endswith("_ns") for name in tuning.goal)
    return round(before - after) if in_ns and before is not None else None
