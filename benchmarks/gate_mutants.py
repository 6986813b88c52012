"""Does perfkit gate catch one call more, anywhere in the scenarios, and name its line?

    python benchmarks/gate_mutants.py [NAME...] [--scenarios FOLDER] [--every]

Each call in the scenarios' modules through which an operation goes is made twice, one at a time, without
moving a line. A mutant that makes no operation more often (a call that only builds parameters) is none. The
table says how many of the others were stopped, and how often the line named is that of the mutated call:
also where the strategy fails by it. A mutant is measured with the entry that makes the fewest operations,
with ``--every`` with each entry that has operations through that line.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path

from perfkit.bench.baselines import Baseline, Entry, compare
from perfkit.bench.baselines.measuring import GatePlan, measure
from perfkit.bench.baselines.mutants import Repeatable, repeatables, repeated, tree_with
from perfkit.bench.discovery import find
from perfkit.bench.scenario import Scenario
from perfkit.model import Change, Difference
from perfkit.rules.growth import COUNTED

GROWS = (Change.WORSE, Change.NEW)
PLAN = GatePlan(peaks=False, workers=1, timeout_s=300)


@dataclass
class Mutant:
    """A call made twice, and the entry that is measured with it."""

    scenario: Scenario
    entry: str
    file: str
    call: Repeatable


def mutants(scenario: Scenario, baseline: Baseline, *, every: bool = False) -> Iterator[Mutant]:
    """Of each module beside the scenario's file: the calls on lines that operations pass through."""
    folder = Path(scenario.file).resolve().parent
    through: dict[str, dict[int, list[str]]] = {}
    for name, entry in sorted(baseline.entries.items(), key=lambda item: operations(item[1])):
        for paths in entry.paths.values():
            for frame in {frame for path in paths for frame in path}:
                if Path(frame.file).resolve().parent == folder:
                    through.setdefault(frame.file, {}).setdefault(frame.line, []).append(name)
    for file, lines in sorted(through.items()):
        for call in repeatables(Path(file).read_text(encoding="utf-8")):
            names = [name for line in range(call.line, call.end_line + 1) for name in lines.get(line, [])]
            for name in dict.fromkeys(names if every else names[:1]):
                yield Mutant(scenario, name, file, call)


def operations(entry: Entry) -> int:
    """All that the entry did, over sizes."""
    cold = entry.states["cold"]
    return sum(sum(cold.get(kind, {}).values()) for kind in COUNTED)


def judge(mutant: Mutant, baseline: Baseline) -> tuple[str, str]:
    """ "none" (no operation more often), "caught", "failed" (neither, up to there), "unnamed" or "missed".

    And what the gate says.
    """
    entry = measured_with(mutant)
    before = replace(baseline, entries={mutant.entry: baseline.entries[mutant.entry]})
    if entry is None:
        return "failed", "not measured"
    after = replace(baseline, entries={mutant.entry: entry})
    stopping = [found for found in compare(before, after).differences if found.change.stops]
    said = " | ".join(found.says.partition(";")[0] for found in stopping)
    more = [found for found in stopping if found.metric in COUNTED and found.change in GROWS]
    if any(names(found, mutant) for found in more):
        return "caught", said
    if not any_more_often(before.entries[mutant.entry], entry):
        fails = bool(entry.failed) and not before.entries[mutant.entry].failed
        return ("failed" if fails and stopping else "missed" if fails else "none"), said
    return ("unnamed" if stopping else "missed"), said


def measured_with(mutant: Mutant) -> Entry | None:
    """The mutant's entry, from a tree in which only the call differs; None if it could not be measured."""
    path = Path(mutant.file).resolve()
    text = repeated(path.read_text(encoding="utf-8"), mutant.call)
    with tempfile.TemporaryDirectory() as place:
        root = Path(place).resolve()
        there = copy(mutant.scenario)
        there.file = str(tree_with(Path.cwd(), Path(there.file).resolve(), {path: text}, root))
        plan = replace(PLAN, folder=root, only=frozenset({mutant.entry}))
        return measure([there], plan).baselines[there.name].entries.get(mutant.entry)


def any_more_often(before: Entry, now: Entry) -> bool:
    """Whether any operation is made more often, cold, at any size."""
    was, cold = before.states["cold"], now.states["cold"]
    return any(
        count > was.get(metric, {}).get(size, 0)
        for metric, values in cold.items()
        if metric.partition(" ")[0] in COUNTED
        for size, count in values.items()
    )


def names(difference: Difference, mutant: Mutant) -> bool:
    """Whether the line it gives is one of the mutated call."""
    site = difference.site
    return (
        site is not None
        and site.file == mutant.file
        and mutant.call.line <= site.line <= mutant.call.end_line
    )


def show(line: str) -> None:
    """One line of the result, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Run the experiment; exit code 1 where a mutant was missed or its line not named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--scenarios", type=Path, default=Path("scenarios"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--every", action="store_true", help="every entry through the line")
    chosen = parser.parse_args()
    all_of_them: Counter[str] = Counter()
    for name, scenario in find(chosen.names, chosen.scenarios).scenarios.items():
        scenario.gate_sizes = scenario.gate_sizes[:1]
        baseline = measure([scenario], PLAN).baselines[name]
        todo = list(mutants(scenario, baseline, every=chosen.every))
        counts: Counter[str] = Counter()
        with ThreadPoolExecutor(chosen.threads) as pool:
            for mutant, (verdict, said) in zip(
                todo, pool.map(lambda m, of=baseline: judge(m, of), todo), strict=True
            ):
                counts[verdict] += 1
                if verdict != "none":
                    show(f"{verdict:8} {mutant.file}:{mutant.call.line} ({mutant.entry}) {said}")
        show(f"{name}: {len(todo)} calls, {dict(counts)}")
        all_of_them += counts
    real = sum(all_of_them.values()) - all_of_them["none"]
    stopped = real - all_of_them["missed"]
    show(f"all: {real} mutants, {stopped} stopped, {all_of_them['caught']} with their line named, "
          f"{all_of_them['failed']} failed when repeated, {all_of_them['unnamed']} not named")  # fmt: skip
    return 1 if all_of_them["missed"] or all_of_them["unnamed"] else 0


if __name__ == "__main__":
    sys.exit(main())
