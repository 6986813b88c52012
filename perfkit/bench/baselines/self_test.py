"""``perfkit gate --self-test``: the gate must be quiet where nothing changed, and see one operation more.

Each scenario is measured twice. Then one call of an operation, of each entry, is repeated for real while the
entry is measured a third time.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path

from perfkit.bench.baselines.again import confirm_peaks
from perfkit.bench.baselines.comparing import compare
from perfkit.bench.baselines.document import Baseline, Entry
from perfkit.bench.baselines.gate import new_run
from perfkit.bench.baselines.measuring import GatePlan, Measurement, Progress, measure
from perfkit.bench.baselines.mutants import repeatables, repeated, tree_with
from perfkit.bench.scenario import Scenario
from perfkit.errors import NothingToCompareError
from perfkit.model import Change, Gate, Run

TRIES = 3
"""Lines that are tried for an entry: a call may make no operation, or be one that fails when repeated."""

Line = tuple[str, int]


def self_test(
    scenarios: Sequence[Scenario],
    plan: GatePlan,
    *,
    command: Sequence[str] = (),
    progress: Progress | None = None,
) -> Run:
    """Measure twice, and once with an operation repeated; a Run whose problems say where the gate fails."""
    if not scenarios:
        raise NothingToCompareError("there is no scenario to test the gate with")
    first, second = measure(scenarios, plan, progress), measure(scenarios, plan, progress)
    confirm_peaks(scenarios, first.baselines, second, plan)
    run = new_run(plan, command)
    result = run.gate = Gate(base="self-test", head="self-test")
    _quiet(result, first, second)
    _able(result, scenarios, first, plan, progress)
    return run


def _quiet(result: Gate, first: Measurement, second: Measurement) -> None:
    """What differs between two measurements of one program is chance, and no change can be told from it."""
    for name, baseline in first.baselines.items():
        found = compare(baseline, second.baselines[name])
        result.compared += found.compared
        result.problems += [
            f"not quiet: measured twice, {d.says.partition(';')[0]}" for d in found.differences
        ]
    result.problems += [
        f"{of}: {entry} was not measured: {why}" for (of, entry), why in first.missing.items()
    ]


def _able(
    result: Gate, scenarios: Sequence[Scenario], first: Measurement, plan: GatePlan, progress: Progress | None
) -> None:
    """Repeat a call of each entry; what is not caught at the first line tried is tried at another."""
    for scenario in scenarios:
        baseline = first.baselines[scenario.name]
        waiting = {name: _lines(entry, scenario) for name, entry in baseline.entries.items()}
        blind = [name for name, lines in waiting.items() if not lines]
        for name in blind:
            result.problems.append(
                f"{scenario.name}: {name} asks for nothing that perfkit sees: no change of it can be caught"
            )
            del waiting[name]
        caught = 0
        for _ in range(TRIES):
            tried = {name: lines.pop(0) for name, lines in waiting.items() if lines}
            for name in _caught(scenario, baseline, tried, plan, progress):
                del waiting[name]
                caught += 1
        result.problems += [f"{scenario.name}: one call more in {name} was not caught" for name in waiting]
        result.notes.append(
            f"{scenario.name}: one call more was caught and its line named in {caught} entries"
        )


def _lines(entry: Entry, scenario: Scenario) -> list[Line]:
    """Lines of modules beside the scenario's file, where the fewest operations pass through them first."""
    folder = Path(scenario.file).resolve().parent
    through: Counter[Line] = Counter()
    for paths in entry.paths.values():
        for path in paths:
            through.update({(frame.file, frame.line) for frame in path})
    inside = [line for line in through if Path(line[0]).resolve().parent == folder]
    return sorted(inside, key=lambda line: (through[line], line))


def _caught(
    scenario: Scenario,
    baseline: Baseline,
    tried: dict[str, Line],
    plan: GatePlan,
    progress: Progress | None,
) -> list[str]:
    """The entries of which a repeated call was seen, and the line named."""
    if not tried:
        return []
    with tempfile.TemporaryDirectory() as place:
        root = Path(place).resolve()
        file = tree_with(Path.cwd(), Path(scenario.file).resolve(), _changed(set(tried.values())), root)
        there = copy(scenario)
        there.file = str(file)
        again = measure([there], replace(plan, folder=root, only=frozenset(tried)), progress)
    caught = []
    for name, line in tried.items():
        found = compare(_alone(baseline, name), _alone(again.baselines[scenario.name], name)).differences
        worse = [d.site for d in found if d.change in (Change.WORSE, Change.NEW) and d.site is not None]
        if line in [(site.file, site.line) for site in worse]:
            caught.append(name)
    return caught


def _alone(baseline: Baseline, name: str) -> Baseline:
    return replace(baseline, entries={n: e for n, e in baseline.entries.items() if n == name})


def _changed(lines: set[Line]) -> dict[Path, str]:
    """The modules with a call on each of the lines repeated, from the bottom up."""
    changed: dict[Path, str] = {}
    for file, line in sorted(lines, reverse=True):
        path = Path(file).resolve()
        text = changed.get(path) or path.read_text(encoding="utf-8")
        calls = [call for call in repeatables(text) if call.line <= line <= call.end_line]
        if calls:  # the first is the outermost
            changed[path] = repeated(text, calls[0])
    return changed
