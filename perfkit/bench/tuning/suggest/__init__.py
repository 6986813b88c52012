"""What to change, from a stored run: each module looks at one thing and says what it rests on.

A suggestion is a module with ``LOOKED_AT`` and ``check(case) -> Iterator[Advice]``, named in ``SUGGESTIONS``.
"""

from __future__ import annotations

from perfkit.bench.tuning.suggest import (
    batches,
    connections,
    findings,
    growing,
    head_of_line,
    in_flight,
    processor,
    refused,
    window,
)
from perfkit.bench.tuning.suggest.case import Advice, Suggestions, cases
from perfkit.model import Run

SUGGESTIONS = (
    refused,
    connections,
    head_of_line,
    in_flight,
    batches,
    window,
    processor,
    growing,
    findings,
)
"""In the order in which those are shown whose worth is not known."""


def suggest(run: Run) -> Suggestions:
    """What to change in what ``run`` measured, most worth first; and what was looked at.

    The same advice about one strategy in several worlds is given once, where it is worth most.
    """
    found: dict[tuple[str, str, str], Advice] = {}
    looked_at = list(cases(run))
    for module in SUGGESTIONS:
        for case in looked_at:
            for advice in module.check(case):
                key = (
                    advice.code,
                    advice.about,
                    advice.why.partition(":")[0] if advice.code[:2] == "PK" else "",
                )
                if key not in found or (advice.worth_ns or 0) > (found[key].worth_ns or 0):
                    found[key] = advice
    ordered = sorted(found.values(), key=lambda advice: (advice.worth_ns is None, -(advice.worth_ns or 0)))
    return Suggestions(ordered, [case.where for case in looked_at], [m.LOOKED_AT for m in SUGGESTIONS])
