"""Which cell a target is about, and whether a run's options leave it out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.bench.recommended import by_prominence
from perfkit.bench.scenario import Scenario
from perfkit.bench.targets.profile import Profile, Wanted
from perfkit.errors import ConfigError, UnknownNameError

if TYPE_CHECKING:
    from perfkit.bench.harness import Plan

USUAL_DATABASES = ("", "sqlite")


@dataclass(frozen=True)
class Place:
    """A world and a size of a scenario."""

    world: str
    size: int


def check_profile(profile: Profile, scenarios: Sequence[Scenario]) -> None:
    """Raise ConfigError where a target names a strategy, world or size that its scenario has not."""
    for scenario in scenarios:
        for wanted in profile.own.get(scenario.name, ()):
            _check(scenario, wanted)


def place_of(scenario: Scenario, wanted: Wanted) -> Place:
    """The world and size that are named, or those that reports begin with.

    That is the first place where a baseline runs: at the middle one of the default sizes before all others,
    in worlds as they are declared, without those whose database must be asked for. A strategy that is named
    and does not run there is meant where it does.
    """
    sizes = [wanted.size] if wanted.size else by_prominence(list(scenario.default_sizes))
    worlds = [wanted.world] if wanted.world else _usual_worlds(scenario)
    places = [Place(world, size) for size in sizes for world in worlds]
    runs = [place for place in places if _runs(scenario, wanted, place)]
    usual = [place for place in runs if _has_baseline(scenario, place)]
    return (usual or runs or places)[0]


def left_out(scenario: Scenario, wanted: Wanted, place: Place, plan: Plan) -> str:
    """The option to give so that the cell is measured, if the plan was told to leave it out."""
    if plan.sizes and place.size not in plan.sizes:
        return f"--size {place.size}"
    if plan.worlds and place.world not in plan.worlds:
        return f"--world {place.world}"
    measured = {*plan.strategies, *(n for n, each in scenario.strategies.items() if each.info.baseline)}
    missing = [name for name in meant(scenario, wanted, place) if name not in measured]
    if plan.strategies and missing:
        return f"--strategy {wanted.strategy}" if wanted.strategy else "leaving --strategy out"
    return ""


def meant(scenario: Scenario, wanted: Wanted, place: Place) -> list[str]:
    """The strategy that is named, or those of which the fastest one is meant.

    These are the ones without a flaw that run there, of the group of the first baseline that does.
    """
    if wanted.strategy:
        return [wanted.strategy]
    there = [each.info for each in scenario.strategies.values() if each.runs(place.world, place.size)]
    groups = [info.group for info in there if info.baseline]
    return [info.name for info in there if not info.flaw and (not groups or info.group == groups[0])]


def _runs(scenario: Scenario, wanted: Wanted, place: Place) -> bool:
    named = scenario.strategies.get(wanted.strategy)
    strategies = [named] if named is not None else list(scenario.strategies.values())
    return any(strategy.runs(place.world, place.size) for strategy in strategies)


def _has_baseline(scenario: Scenario, place: Place) -> bool:
    baselines = [strategy for strategy in scenario.strategies.values() if strategy.info.baseline]
    return any(strategy.runs(place.world, place.size) for strategy in baselines)


def _usual_worlds(scenario: Scenario) -> list[str]:
    worlds = list(scenario.worlds)
    return [name for name in worlds if scenario.worlds[name].info(name).database in USUAL_DATABASES] or worlds


def _check(scenario: Scenario, wanted: Wanted) -> None:
    named: tuple[tuple[str, str, Iterable[str]], ...] = (
        ("strategy", wanted.strategy, scenario.strategies),
        ("world", wanted.world, scenario.worlds),
        ("size", str(wanted.size or ""), map(str, scenario.sizes)),
    )
    for what, name, known in named:
        names = list(known)
        if name and name not in names:
            raise ConfigError(f"{wanted.origin}: {UnknownNameError(what, name, names)}")
    place = place_of(scenario, wanted)
    if wanted.strategy and not scenario.strategies[wanted.strategy].runs(place.world, place.size):
        raise ConfigError(
            f"{wanted.origin}: {wanted.strategy} is not declared for {place.size} {scenario.unit} on "
            f"{place.world}: name a size and a world that it runs at"
        )
