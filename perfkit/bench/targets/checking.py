"""Targets beside what ``perfkit bench`` measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from perfkit.bench.operations import Operations
from perfkit.bench.recommended import recommended
from perfkit.bench.scenario import Scenario
from perfkit.bench.targets.metrics import Found, Subject, measured
from perfkit.bench.targets.peaks import peak_of
from perfkit.bench.targets.places import Place, left_out, meant, place_of
from perfkit.bench.targets.profile import Profile, Wanted
from perfkit.model import Cell, Run, ScenarioResult, Target

if TYPE_CHECKING:
    from perfkit.bench.harness import Plan

Key = tuple[str, str, int]
"""World, strategy and size of a cell."""

_NAMED = 3
"""Targets without a value that a warning names."""


@dataclass(frozen=True)
class Examined:
    """A scenario with its result, and the ``operations`` of each cell's first sample."""

    scenario: Scenario
    result: ScenarioResult
    operations: Mapping[Key, Operations] = field(default_factory=dict)


def enter_targets(run: Run, examined: Sequence[Examined], profile: Profile, plan: Plan) -> None:
    """Put the targets of the scenarios into ``run``, with a warning for those that it cannot tell.

    A target of a cell that the plan was told to leave out is not the run's: it gets a warning alone.
    """
    for each in examined:
        for wanted in profile.of_scenario(each.scenario.name):
            place = place_of(each.scenario, wanted)
            if option := left_out(each.scenario, wanted, place, plan):
                run.warnings.append(_not_asked(each.scenario, wanted, place, option))
            else:
                run.targets += _checked(each, wanted, place, run, plan)
    if sentence := unmeasured(run.targets):
        run.warnings.append(sentence)


def unmeasured(targets: Sequence[Target]) -> str:
    """A sentence that names the targets without a value, if there are any."""
    without = [target for target in targets if target.met is None]
    if not without:
        return ""
    said = [f"{target.metric} of {target.scope} ({target.basis})" for target in without[:_NAMED]]
    more = f"; and {len(without) - _NAMED} more" if len(without) > _NAMED else ""
    word = "target" if len(targets) == 1 else "targets"
    return f"{len(without)} of {len(targets)} {word} not measured: {'; '.join(said)}{more}"


def _not_asked(scenario: Scenario, wanted: Wanted, place: Place, option: str) -> str:
    about = f"{wanted.strategy or 'the fastest strategy'} at {place.size:,} {scenario.unit} on {place.world}"
    return f"{scenario.name}: its targets are about {about}, so not checked in this run; {option} checks them"


def _checked(each: Examined, wanted: Wanted, place: Place, run: Run, plan: Plan) -> Iterator[Target]:
    cell = _cell(each, wanted, place, run)
    scope = _scope(each, wanted, place, cell)
    for metric, limit in wanted.limits.items():
        if cell is None:
            yield Target(metric, scope, limit, None, _absence(each, wanted, place, run, plan))
        else:
            yield Target(metric, scope, limit, *measured(metric, _subject(each, cell, run, plan)))


def _cell(each: Examined, wanted: Wanted, place: Place, run: Run) -> Cell | None:
    """The cell that is meant; which is the fastest one an interrupted run cannot tell."""
    if wanted.strategy:
        return each.result.cell(place.world, wanted.strategy, place.size)
    among = [] if run.interrupted else meant(each.scenario, wanted, place)
    return recommended(each.result, place.world, place.size, among)


def _scope(each: Examined, wanted: Wanted, place: Place, cell: Cell | None) -> str:
    titles = {world.name: world.title for world in each.result.worlds}
    strategy = cell.strategy if cell is not None else wanted.strategy or "the fastest strategy"
    where = titles.get(place.world) or place.world
    return f"{each.scenario.name}: {strategy} at {place.size:,} {each.scenario.unit} on {where}"


def _absence(each: Examined, wanted: Wanted, place: Place, run: Run, plan: Plan) -> str:
    result, scenario = each.result, each.scenario
    if run.interrupted:
        return "interrupted before it was measured"
    if run.clock not in scenario.clocks:
        return f"it runs on the {scenario.clocks[0]} clock only: measure with --clock {scenario.clocks[0]}"
    if place.size not in result.sizes:
        sizes = ", ".join(f"{size:,}" for size in result.sizes)
        add = f"add --size {place.size}, or name another size in {wanted.origin}"
        return f"this run measured {sizes} {scenario.unit}: {add}"
    if place.world not in [world.name for world in result.worlds]:
        database = scenario.worlds[place.world].info(place.world).database
        add = f"add --db {database}, or name another world in {wanted.origin}"
        return f"this run measured no world with {database}: {add}"
    return "no strategy gave a right answer there"


def _subject(each: Examined, cell: Cell, run: Run, plan: Plan) -> Subject:
    key = (cell.world, cell.strategy, cell.size)
    costs = {(c.world, c.strategy, c.size): c for c in run.machine.costs if c.scenario == each.scenario.name}
    return Subject(
        each.result,
        cell,
        run.clock,
        each.operations.get(key),
        costs[key].computing_ns if key in costs else 0,
        partial(_peak, run, each.scenario, plan),
    )


def _peak(run: Run, scenario: Scenario, plan: Plan, cell: Cell) -> Found:
    """Memory's peak; Ctrl-C meanwhile leaves the rest of the run as it is."""
    if run.interrupted:
        return None, "interrupted before it was measured"
    try:
        limit_ns = round(plan.limit_s * 1e9)
        return peak_of(scenario, cell, seed=plan.seed, limit_ns=limit_ns, timeout_s=plan.timeout_s)
    except KeyboardInterrupt:
        run.interrupted = True
        run.warnings.append("interrupted while memory was measured: everything else is there")
        return None, "interrupted before it was measured"
