"""The cells that targets are about, measured alone: what ``perfkit gate`` does besides its own.

So a target is about the same cell, and has the same value, in ``perfkit bench`` and in ``perfkit gate``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from perfkit.bench.harness import Plan, bench
from perfkit.bench.scenario import Scenario
from perfkit.bench.targets.checking import unmeasured
from perfkit.bench.targets.places import Place, meant, place_of
from perfkit.bench.targets.profile import Profile, Wanted
from perfkit.model import Run


def enter_alone(run: Run, scenarios: Sequence[Scenario], profile: Profile, plan: Plan) -> None:
    """Measure the targets' cells as ``plan`` says, and put the targets into ``run``."""
    for scenario in scenarios:
        for place, wanted in _by_place(scenario, profile).items():
            if run.interrupted:
                return
            alone = _bench(scenario, place, wanted, plan)
            run.targets += alone.targets
            run.interrupted = run.interrupted or alone.interrupted
    if sentence := unmeasured(run.targets):
        run.warnings.append(sentence)


def _by_place(scenario: Scenario, profile: Profile) -> dict[Place, list[Wanted]]:
    found: dict[Place, list[Wanted]] = defaultdict(list)
    for wanted in profile.of_scenario(scenario.name):
        found[place_of(scenario, wanted)].append(wanted)
    return found


def _bench(scenario: Scenario, place: Place, wanted: list[Wanted], plan: Plan) -> Run:
    """Only the strategies that are named, or among which the fastest one is meant."""
    names = {name for each in wanted for name in meant(scenario, each, place)}
    narrow = replace(
        plan,
        sizes=(place.size,),
        worlds=(place.world,),
        strategies=tuple(sorted(names)),
    )
    return bench([scenario], narrow, targets=Profile({}, {scenario.name: wanted}))
