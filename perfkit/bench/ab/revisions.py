"""Two revisions compared: trees, environments and the source of benchmarks put together."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from msgspec import structs

from perfkit.bench.ab.commands import Program, Suite, understand
from perfkit.bench.ab.controller import Compared, compare
from perfkit.bench.ab.environments import Sides, both_sides
from perfkit.bench.ab.instructions import count_instructions, instructions_per_call, loops_for
from perfkit.bench.ab.looking import Looked, calls_of, look
from perfkit.bench.ab.pair import SITE
from perfkit.bench.ab.plan import AbPlan, Side
from perfkit.bench.ab.programs import compare_programs, program
from perfkit.bench.ab.self_test import SLOWDOWN, judged, self_test
from perfkit.bench.ab.trees import Trees, two_trees
from perfkit.errors import NothingToCompareError
from perfkit.model import Gate, Timing

PYTEST = "perfkit_agent.pytest_side:run"
SCENARIOS = "perfkit_agent.scenario_side:run"

CALLS = 50
"""About the fewest calls of a benchmark after which there can be a verdict: 5 pairs, each with warming up."""

Progress = Callable[[str], None]


NOTHING = Looked((), ())


@dataclass(frozen=True)
class Wanted:
    """What to compare: a ``command``, or scenarios by ``names`` of the ``folder``.

    Without ``base`` the head is compared with itself, and with itself slowed: the self-test. ``instructions``
    are counted by valgrind beside, which takes minutes.
    """

    base: str
    command: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    folder: Path = Path("scenarios")
    strategies: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    seed: int = 1
    allow_dirty: bool = False
    instructions: bool = False


@dataclass(frozen=True)
class Source:
    """Where benchmarks come from: an entry point of the agent with its options, or a whole program."""

    sides: Sides
    folder: Path
    words: tuple[str, ...] = ()
    entry: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    looked: Looked = NOTHING

    def compare(self, plan: AbPlan, progress: Progress) -> Compared:
        """Compare base and head as ``plan`` says."""
        if self.words:
            return compare_programs(self.words, self.folder, self.sides, plan, progress)
        plan = replace(plan, preload=self.looked.modules)
        return compare(self.sides.base, self.sides.head, self.entry, self.options, plan, progress)

    def self_test(self, plan: AbPlan, progress: Progress) -> Compared:
        """Compare the head with itself, and with itself slowed."""
        if not self.words:
            plan = replace(plan, preload=self.looked.modules)
            return self_test(self.sides.head, self.entry, self.options, plan, progress)
        sides = replace(self.sides, base=self.sides.head)
        same = compare_programs(self.words, self.folder, sides, plan, progress)
        slower = replace(plan, head_slower=SLOWDOWN)
        slowed = compare_programs(self.words, self.folder, sides, slower, progress)
        timing = judged(same.timings[0], slowed.timings[0], SLOWDOWN)
        return replace(same, timings=[timing], interrupted=same.interrupted or slowed.interrupted)

    def instructions(self, name: str, side: Side, call_ns: int) -> int:
        """What a call of a benchmark, of about ``call_ns``, executes in ``side``; of a program, all of it."""
        if self.words:
            run = program("base" if side is self.sides.base else "head", self.words, self.folder, self.sides)
            return count_instructions(run.words, cwd=run.folder, environment=run.environment)
        return instructions_per_call(
            lambda loops: calls_of(name, loops, side, self.sides, self.entry, self.options),
            cwd=SITE,
            environment=side.environment or None,
            loops=loops_for(call_ns),
        )


def compare_revisions(place: Path, wanted: Wanted, plan: AbPlan, progress: Progress) -> tuple[Gate, bool]:
    """Compare the work tree that ``place`` lies in with its merge base; whether Ctrl-C ended it comes, too.

    Raises UsageError and NothingToCompareError with the reason where there is nothing to compare.
    """
    with source_of(place, wanted, plan.budget_s, progress) as (trees, source):
        try:
            compared = source.compare(plan, progress) if wanted.base else source.self_test(plan, progress)
        except NothingToCompareError as error:
            raise NothingToCompareError("\n".join([str(error), *source.sides.notes])) from None
        if not compared.timings and not compared.interrupted:
            raise NothingToCompareError("there is no benchmark in both revisions")
        notes = [*source.sides.notes, *compared.notes]
        timings = compared.timings
        if wanted.instructions and not compared.interrupted:
            timings = [_counted(source, timing, notes, progress) for timing in timings]
        return Gate(trees.base_name, trees.head_name, timings=timings, notes=notes), compared.interrupted


def _counted(source: Source, timing: Timing, notes: list[str], progress: Progress) -> Timing:
    """``timing`` with instructions, where they can be counted."""
    if timing.base_ns is None:
        return timing
    progress(f"{timing.name}: counting instructions")
    try:
        base = source.instructions(timing.name, source.sides.base, timing.base_ns)
        head = source.instructions(timing.name, source.sides.head, timing.base_ns)
    except NothingToCompareError as error:
        notes.append(f"{timing.name}: its instructions were not counted: {error}")
        return timing
    return structs.replace(timing, base_instructions=base, head_instructions=head)


@contextlib.contextmanager
def source_of(
    place: Path, wanted: Wanted, budget_s: float, progress: Progress
) -> Iterator[tuple[Trees, Source]]:
    """The trees and the benchmarks in them, for as long as the block lasts."""
    with _trees(place, wanted) as trees:
        progress("looking at both trees; an environment for the base may have to be built")
        found = understand(wanted.command) if wanted.command else None
        sides = both_sides(trees, found.python) if isinstance(found, Suite) else both_sides(trees)
        if not (trees.base / trees.folder).is_dir():
            raise NothingToCompareError(f"the base {trees.base_name} has no folder {trees.folder}")
        if isinstance(found, Program):
            yield trees, Source(sides, trees.folder, words=found.words)
            return
        entry, options = _suite(found) if found else _scenarios(wanted, trees, budget_s)
        options = {"roots": [str(trees.base), str(trees.head)], "folder": str(trees.folder), **options}
        yield trees, Source(sides, trees.folder, (), entry, options, look(sides.head, sides, entry, options))


@contextlib.contextmanager
def _trees(place: Path, wanted: Wanted) -> Iterator[Trees]:
    if wanted.base:
        with two_trees(place, wanted.base, allow_dirty=wanted.allow_dirty) as trees:
            yield trees
    else:
        here = place.resolve()
        yield Trees(here, here, "the same tree", "the work tree")


def _suite(suite: Suite) -> tuple[str, dict[str, Any]]:
    return PYTEST, {"arguments": list(suite.arguments), "module": suite.module}


def _scenarios(wanted: Wanted, trees: Trees, budget_s: float) -> tuple[str, dict[str, Any]]:
    """Files and the folder of scenarios are named from the root: each side has its own."""
    named = [name for name in wanted.names if _is_file(name)]
    return SCENARIOS, {
        "names": [name for name in wanted.names if name not in named],
        "files": [_from_root(trees.head / trees.folder / name, trees) for name in named],
        "folder": _from_root(wanted.folder, trees),
        "strategies": list(wanted.strategies),
        "sizes": list(wanted.sizes),
        "seed": wanted.seed,
        "longest_s": budget_s / CALLS,
    }


def _is_file(name: str) -> bool:
    return name.endswith(".py") or "/" in name


def _from_root(path: Path, trees: Trees) -> str:
    path = path.resolve()
    if not path.is_relative_to(trees.head):
        raise NothingToCompareError(f"{path} lies outside of the repository, so the base has none")
    return str(path.relative_to(trees.head))
