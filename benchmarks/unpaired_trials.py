"""How often two runs of one program, made one after the other, look like a regression to ``perfkit compare``.

    python benchmarks/unpaired_trials.py FOLDER --runs 30

makes so many runs of a suite with pytest-benchmark and with pyperf, keeps their files in FOLDER (those that
are there are not made again), and compares each with each. The code is the same in all of them, so what comes
out are shares of false alarms. The thresholds of ``perfkit/stats/unpaired.py`` were chosen by it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections import Counter
from itertools import permutations
from pathlib import Path

from perfkit.bench.compare.formats import load
from perfkit.bench.compare.stored import Stored
from perfkit.bench.compare.times import timings
from perfkit.model import Verdict

WORK = """
def work():
    return sum(i * i for i in range(2000))

def other():
    return sorted(range(1000), key=lambda i: -i)
"""
SUITE = f"""{WORK}
def test_sum(benchmark):
    benchmark(work)

def test_sort(benchmark):
    benchmark(other)
"""
SCRIPT = f"""import pyperf
{WORK}
runner = pyperf.Runner()
runner.bench_func("sum", work)
runner.bench_func("sort", other)
"""
LIMITS = (0.05, 0.10, 0.15, 0.25)


def main() -> None:
    """Make what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=30)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "test_suite.py").write_text(SUITE)
    (options.folder / "script.py").write_text(SCRIPT)
    rounds = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "test_suite.py"]
    report("pytest-benchmark", made(options, "rounds", [*rounds, "--benchmark-json"]))
    processes = ["script.py", "-p", "20", "-n", "3", "-w", "1", "-l", "300", "-q", "-o"]
    report("pyperf", made(options, "processes", processes))


def made(options: argparse.Namespace, kind: str, command: list[str]) -> list[Stored]:
    """The runs of one tool."""
    found = []
    for number in range(options.runs):
        path = options.folder / f"{kind}-{number}.json"
        if not path.exists():
            full = [sys.executable, *command, path.name]
            subprocess.run(full, cwd=options.folder, check=True, stdout=subprocess.DEVNULL)
        found.append(load(path)[1])
    return found


def report(tool: str, runs: list[Stored]) -> None:
    """Shares of all ordered pairs of runs."""
    pairs = list(permutations(runs, 2))
    verdicts = {name: Counter() for name in runs[0].benchmarks}
    for base, head in pairs:
        for timing in timings(base, head):
            verdicts[timing.name][timing.verdict] += 1
    for name, counts in verdicts.items():
        shares = {
            limit: sum(_both(base, head, name) > 1 + limit for base, head in pairs) / len(pairs)
            for limit in LIMITS
        }
        apart = ", ".join(f"{100 * limit:.0f} %: {100 * share:.1f} %" for limit, share in shares.items())
        say(f"{tool} {name}: {len(pairs)} pairs; least and median both above {apart}")
        told = ", ".join(f"{verdict.value} {100 * counts[verdict] / len(pairs):.1f} %" for verdict in Verdict)
        say(f"    verdicts: {told}")


def say(line: str) -> None:
    """At once: a run takes minutes."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _both(base: Stored, head: Stored, name: str) -> float:
    before, after = base.benchmarks[name], head.benchmarks[name]
    return min(after.least_ns / before.least_ns, after.median_ns / before.median_ns)


if __name__ == "__main__":
    main()
