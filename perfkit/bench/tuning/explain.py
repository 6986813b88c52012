"""What a tuning found, in sentences. Pure functions of the Tuning."""

from __future__ import annotations

import math
from collections.abc import Iterator

from perfkit.bench.tuning.judging import TOLERANCE, is_candidate
from perfkit.bench.tuning.words import goal_shown, setting_shown, shown
from perfkit.model.tuning import Knee, Point, Setting, Step, Tuning
from perfkit.rules.savings import text

NEAR = 1.5
"""Needed by Little's law and measured differ by less than this factor: they agree."""


def explain(tuning: Tuning) -> list[str]:
    """The choice, the knee, what a step off costs, what stops the search, how it does elsewhere."""
    chosen = tuning.point(tuning.chosen)
    if chosen is None or chosen.goal is None:
        return [problem] if (problem := tuning.problem()) else []
    return [
        _choice(tuning, chosen, chosen.goal),
        *_against(tuning, chosen),
        *([_knee(tuning.knee, tuning)] if tuning.knee else [_no_knee(tuning)]),
        *(_step(step, tuning) for step in tuning.steps),
        *_stops(tuning, chosen),
        *_outside(tuning, chosen),
        *_elsewhere(tuning, chosen.goal),
    ]


def _names(tuning: Tuning) -> str:
    parts = [name if weight == 1 else f"{weight:g} x {name}" for name, weight in tuning.goal.items()]
    return " + ".join(parts)


def _choice(tuning: Tuning, chosen: Point, goal: float) -> str:
    parts = [f"{name} {shown(name, chosen.figures[name])}" for name in tuning.goal if name in chosen.figures]
    figures = ", ".join(parts) if len(parts) > 1 else f"{_names(tuning)} {goal_shown(tuning.goal, goal)}"
    return f"{setting_shown(chosen.parameters)}: {figures}, the least of {len(tuning.points)} settings."


def _against(tuning: Tuning, chosen: Point) -> Iterator[str]:
    """Beside the strategy as it is declared, and beside the baseline."""
    declared = tuning.point(tuning.defaults)
    if declared is not None and declared is not chosen:
        yield f"As declared ({setting_shown(tuning.defaults)}) it is {_compared(tuning, declared, chosen)}."
    base = next((p for p in tuning.baseline_points if (p.size, p.seed) == (chosen.size, chosen.seed)), None)
    if base is not None and tuning.baseline != tuning.strategy:
        yield f"The baseline, {tuning.baseline}, is {_compared(tuning, base, chosen)}."


def _compared(tuning: Tuning, point: Point, chosen: Point) -> str:
    if point.goal is None:
        if not point.figures:
            return point.broken[0] if point.broken else "not measured"
        ours, own = chosen.figures.get("elapsed_ns", 0), point.figures.get("elapsed_ns", 0)
        return f"without that figure; it takes {text(own)} where this takes {text(ours)}"
    broken = f", and breaks a limit: {point.broken[0]}" if point.broken else ""
    factor = f" ({point.goal / chosen.goal:.3g} times that)" if chosen.goal else ""
    return f"{goal_shown(tuning.goal, point.goal)}{factor}{broken}"


def _knee(knee: Knee, tuning: Tuning) -> str:
    law = f"{_three(knee.rate_per_s)} {knee.unit}s/s x {text(knee.cost_ns)} = {_three(knee.needed)} in flight"
    if knee.demand == "offered":
        least = math.ceil(knee.needed)
        law = f"Knee by Little's law: {law} at the busiest, so {knee.parameter} {least} or more"
    elif knee.needed > knee.most / NEAR:
        full = f"The service was never full: up to {knee.parameter} {knee.most:g} each one more gains"
        return f"{full} ({law})."
    else:
        law = f"Knee by Little's law: the service gives at most {law}; above that they wait for each other"
    measured = [point for point in _along(tuning, knee.parameter, tuning.chosen or {}) if is_candidate(point)]
    if knee.flat_from is not None:
        law += f"; the measured curve is flat from {knee.parameter} {knee.flat_from:g}"
    elif len(measured) > 1:
        law += f"; the measured curve still falls up to {knee.parameter} {knee.most:g}"
    return f"{law}."


def _three(value: float) -> str:
    """Three digits that count.

    >>> _three(3713.9), _three(5.84), _three(0.0123)
    ('3,710', '5.84', '0.0123')
    """
    return f"{float(f'{value:.3g}'):,g}"


def _no_knee(tuning: Tuning) -> str:
    names = ", ".join(tuning.parameters)
    return f"No knee: none of {names} bounds how many operations are in flight."


def _step(step: Step, tuning: Tuning) -> str:
    """What one step off costs."""
    where = f"One step off: {step.parameter} {step.value:g}"
    if step.goal is None:
        return f"{where} goes wrong: {step.broken[0] if step.broken else 'not measured'}."
    change = f"{goal_shown(tuning.goal, step.goal)}"
    if step.change is not None:
        change += f" ({_change(step.change)})"
    broken = f", but breaks a limit: {step.broken[0]}" if step.broken else ""
    return f"{where} gives {change}{broken}."


def _change(change: float) -> str:
    """What a step makes of the goal.

    >>> _change(0.0), _change(0.0278), _change(13.2)
    ('as good', '+2.8 %', '14 times that')
    """
    if abs(change) <= TOLERANCE:
        return "as good"
    return f"{1 + change:.2g} times that" if change >= 1 else f"{100 * change:+.2g} %"


def _stops(tuning: Tuning, chosen: Point) -> Iterator[str]:
    """From which value on a limit is broken, for each parameter, the others as chosen."""
    for name in tuning.parameters:
        line = sorted(_along(tuning, name, chosen.parameters), key=lambda point: point.parameters[name])
        above = [point for point in line if point.parameters[name] > chosen.parameters[name]]
        below = [point for point in reversed(line) if point.parameters[name] < chosen.parameters[name]]
        for side, words in ((above, "up"), (below, "down")):
            first = next((point for point in side if not is_candidate(point)), None)
            if first is not None:
                what = "It goes wrong" if first.goal is None else "A limit is broken"
                yield f"{what} from {name} {first.parameters[name]:g} {words}: {first.broken[0]}."


def _along(tuning: Tuning, name: str, through: Setting) -> list[Point]:
    """Points that differ from a setting in one parameter alone, or in none."""
    others = {key: value for key, value in through.items() if key != name}
    return [p for p in tuning.points if {k: v for k, v in p.parameters.items() if k != name} == others]


def _outside(tuning: Tuning, chosen: Point) -> Iterator[str]:
    for name, values in tuning.parameters.items():
        value = chosen.parameters[name]
        if not values[0] <= value <= values[-1]:
            yield (
                f"{name} {value:g} lies outside the declared {values[0]:g} to {values[-1]:g}: "
                "the goal still fell at their end."
            )


def _elsewhere(tuning: Tuning, goal: float) -> Iterator[str]:
    """The choice at other sizes and seeds."""
    sizes = [p for p in tuning.checks if p.seed == tuning.seed]
    seeds = [p for p in tuning.checks if p.seed != tuning.seed]
    if sizes:
        each = "; ".join(f"{_at(p, tuning)} at {p.size:,} {tuning.unit}" for p in sizes)
        yield f"At other sizes: {each}."
    if seeds:
        known = [p.goal for p in seeds if p.goal is not None]
        apart = max((abs(other / goal - 1) for other in known), default=0.0) if goal else 0.0
        wrong = [p for p in seeds if not is_candidate(p)]
        lost = f"; under seed {wrong[0].seed} {wrong[0].broken[0]}" if wrong else ""
        away = f"is up to {100 * apart:.2g} % away" if apart else "is the same"
        yield f"Under {len(seeds)} other seeds the goal {away}{lost}."


def _at(point: Point, tuning: Tuning) -> str:
    figure = "no figure" if point.goal is None else goal_shown(tuning.goal, point.goal)
    return f"{figure} ({point.broken[0]})" if point.broken else figure


def warnings_of(tuning: Tuning) -> list[str]:
    """What a reader must know of the search itself."""
    found = []
    combinations = math.prod(len(values) for values in tuning.parameters.values())
    grid = sum(1 for point in tuning.points if point.stage in ("grid", "default"))
    if tuning.points and grid < combinations:
        found.append(f"{grid} of {combinations:,} combinations of the declared values were measured")
    measured = {name for point in tuning.points for name in point.figures}
    found += [
        f"no run had a counter or figure {name!r}: the limit on it was never in question"
        for name in tuning.limits
        if name not in measured and not name.startswith("status_") and tuning.points
    ]
    broken = [point for point in tuning.checks if not is_candidate(point)]
    if broken:
        place = f"{broken[0].size:,} {tuning.unit}, seed {broken[0].seed}"
        found.append(f"the choice does not keep the limits everywhere: at {place} {broken[0].broken[0]}")
    return found + ([tuning.stopped] if tuning.stopped else [])
