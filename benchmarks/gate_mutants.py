"""Does perfkit gate catch one call more, anywhere in the scenarios, and name its line?

    python benchmarks/gate_mutants.py [NAME...] [--scenarios FOLDER]

Each call in the scenarios' modules through which an operation goes is made twice, one at a time, without
moving a line. A mutant that makes no more operations (a call that only builds parameters) is none. The table
says how many of the others were stopped, and how often the line named is that of the mutated call.
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

PLAN = GatePlan(peaks=False, workers=1, timeout_s=300)


@dataclass
class Mutant:
    """A call made twice, and the entry that is measured with it."""

    scenario: Scenario
    entry: str
    file: str
    call: Repeatable


def mutants(scenario: Scenario, baseline: Baseline) -> Iterator[Mutant]:
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
            if names:
                yield Mutant(scenario, names[0], file, call)


def operations(entry: Entry) -> int:
    """All that the entry did, over sizes."""
    cold = entry.states["cold"]
    return sum(sum(cold.get(kind, {}).values()) for kind in COUNTED)


def judge(mutant: Mutant, baseline: Baseline) -> tuple[str, str]:
    """ "none" (no more operations), "caught", "failed" (and so caught), "unnamed" or "missed"; and why."""
    path = Path(mutant.file).resolve()
    text = repeated(path.read_text(encoding="utf-8"), mutant.call)
    with tempfile.TemporaryDirectory() as place:
        root = Path(place).resolve()
        there = copy(mutant.scenario)
        there.file = str(tree_with(Path.cwd(), Path(there.file).resolve(), {path: text}, root))
        plan = replace(PLAN, folder=root, only=frozenset({mutant.entry}))
        measured = measure([there], plan).baselines[there.name]
    entry = measured.entries.get(mutant.entry)
    if entry is None:
        return "failed", "not measured"
    before = replace(baseline, entries={mutant.entry: baseline.entries[mutant.entry]})
    found = compare(before, measured).differences
    stopping = [difference for difference in found if difference.change.stops]
    if entry.failed and not baseline.entries[mutant.entry].failed:
        return ("failed" if stopping else "missed"), str(entry.failed)
    if operations(entry) <= operations(before.entries[mutant.entry]):
        return "none", ""
    more = [d for d in stopping if d.change in (Change.WORSE, Change.NEW)]
    said = more[0].says if more else ""
    if any(names(d, mutant) for d in more):
        return "caught", said
    return ("unnamed" if stopping else "missed"), said


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
    chosen = parser.parse_args()
    all_of_them: Counter[str] = Counter()
    for name, scenario in find(chosen.names, chosen.scenarios).scenarios.items():
        scenario.gate_sizes = scenario.gate_sizes[:1]
        baseline = measure([scenario], PLAN).baselines[name]
        todo = list(mutants(scenario, baseline))
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
