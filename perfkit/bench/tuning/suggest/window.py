"""A collecting window that is most of the delay: what is waited for before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator

from perfkit.bench.tuning.judging import is_candidate
from perfkit.bench.tuning.suggest.case import Advice, Case
from perfkit.bench.tuning.words import goal_shown
from perfkit.model import Point, Tuning

LOOKED_AT = "windows and pauses among the parameters"

DURATIONS = ("_s", "_ms", "_us", "_ns")
HALF = 0.5


def check(case: Case) -> Iterator[Advice]:
    """One advice for each duration among the parameters that makes half of the goal and more."""
    tuning = case.tuning
    declared = tuning.point(tuning.defaults) if tuning else None
    if tuning is None or declared is None or not declared.goal:
        return
    for name in tuning.parameters:
        shorter = _shortest(tuning, declared, name) if name.endswith(DURATIONS) else None
        if shorter is None or shorter.goal is None or declared.goal - shorter.goal < HALF * declared.goal:
            continue
        in_ns = all(part.endswith("_ns") for part in tuning.goal)
        before, after = (goal_shown(tuning.goal, goal) for goal in (declared.goal, shorter.goal))
        value, better = declared.parameters[name], shorter.parameters[name]
        yield Advice(
            "window",
            f"Lower {name} from {value:g} to {better:g}.",
            f"Most of the delay is the waiting for it: {before} become {after}, all else the same.",
            (f"{name} {value:g}: {before}", f"{name} {better:g}: {after}"),
            case.where,
            case.about,
            round(declared.goal - shorter.goal) if in_ns else None,
        )


def _shortest(tuning: Tuning, declared: Point, name: str) -> Point | None:
    """The best point that differs from the declared one in a smaller value of that parameter alone."""
    others = {key: value for key, value in declared.parameters.items() if key != name}
    found = [
        point
        for point in tuning.points
        if is_candidate(point)
        and point.parameters[name] < declared.parameters[name]
        and {key: value for key, value in point.parameters.items() if key != name} == others
    ]
    return min(found, key=lambda point: (point.goal or 0, -point.parameters[name]), default=None)
