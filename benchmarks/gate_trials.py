"""How often the A/B gate is right, and how long it takes, beside pytest-benchmark's and asv's rules.

    python benchmarks/gate_trials.py                 adds trials to reports/gate_trials.jsonl, up to --trials
    python benchmarks/gate_trials.py --load          the same while two other processes work in bursts
    python benchmarks/gate_trials.py --table         what was found so far, in Markdown

Each trial is the whole command ``perfkit gate --base origin/main -- pytest benchmarks`` in a clone of the
repository that gate_fixture.py builds. A round of a peer measures the base and each branch once. Trials of
all kinds take turns. The series can be stopped and continued at any time.
"""

import argparse
import contextlib
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import gate_fixture

HERE = Path(__file__).parent
RESULTS = HERE.parent / "reports" / "gate_trials.jsonl"
BRANCHES = [branch for branch in gate_fixture.UNITS if branch != "main"]
COMMAND = [sys.executable, "-m", "perfkit", "gate", "--base", "origin/main", "-f", "json"]
SUITE = ["pytest", "benchmarks", "-q"]
TRIALS = {
    "gate neutral": 200,
    "gate slow2.5": 50,
    "gate slow5": 100,
    "gate slow10": 40,
    "pytest-benchmark": 30,
    "asv": 40,
}
"""Kind, and how many trials are wanted; each has all three benchmarks."""

LOADED = {kind: min(count, 25) for kind, count in TRIALS.items() if kind != "gate slow2.5"}


def gate(folder, branch):
    """One verdict for each benchmark, by the command line."""
    done = subprocess.run([*COMMAND, "--", *SUITE], cwd=folder / branch, capture_output=True, text=True)
    if not done.stdout:
        raise RuntimeError(f"exit {done.returncode}: {done.stderr[-2000:]}")
    timings = json.loads(done.stdout)["gate"]["timings"]
    kept = ("verdict", "ratio", "low", "high", "pairs", "noise", "detectable", "method", "real_ns", "reason")
    results = {each["name"].partition("::test_")[2]: {k: each.get(k) for k in kept} for each in timings}
    return {"exit": done.returncode, "results": results}


def pytest_benchmark(folder):
    """Mean, median and least time of each benchmark, in one run of the suite for each branch."""
    return {"results": {branch: _saved(folder / branch) for branch in _shuffled()}}


def _saved(tree):
    with tempfile.TemporaryDirectory() as scratch:
        saved = Path(scratch) / "saved.json"
        command = [sys.executable, "-m", *SUITE, f"--benchmark-json={saved}"]
        subprocess.run(command, cwd=tree, check=True, capture_output=True)
        benchmarks = json.loads(saved.read_text(encoding="utf-8"))["benchmarks"]
    fields = ("mean", "median", "min")
    return {each["name"].removeprefix("test_"): {f: each["stats"][f] for f in fields} for each in benchmarks}


def asv(folder, python):
    """Samples of each benchmark in two rounds, which are processes and take turns over the branches."""
    samples = {branch: {name: [] for name in gate_fixture.BENCHMARKS} for branch in gate_fixture.UNITS}
    for _ in range(2):
        for branch in _shuffled():
            command = [python, str(HERE / "gate_asv.py")]
            done = subprocess.run(command, cwd=folder / branch, check=True, capture_output=True)
            for name, values in json.loads(done.stdout).items():
                samples[branch][name] += values
    return {"results": samples}


def _shuffled():
    return random.sample(list(gate_fixture.UNITS), len(gate_fixture.UNITS))


@contextlib.contextmanager
def hogs(count):
    """So many other processes that work in bursts of up to half a second, with pauses of up to 1.5 s."""
    code = (
        "import random, time\n"
        "while True:\n"
        "    end = time.perf_counter() + random.uniform(.02, .5)\n"
        "    while time.perf_counter() < end: sum(range(1000))\n"
        "    time.sleep(random.uniform(.1, 1.5))\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(count)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def stored(path):
    """The trials so far."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def next_kind(wanted, done):
    """The kind that is furthest behind; None when there are as many of each as wanted."""
    behind = {kind: done.get(kind, 0) / count for kind, count in wanted.items() if done.get(kind, 0) < count}
    return min(behind, key=behind.__getitem__) if behind else None


def engine():
    """Eight digits that tell the code which decides from what it was before a change to it."""
    sources = sorted(
        [*(HERE.parent / "perfkit/bench/ab").rglob("*.py"), *(HERE.parent / "perfkit/stats").glob("*.py")]
    )
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:8]


def wait_for(max_load):
    """Wait while the machine has more to do than that; 0: never."""
    while max_load and os.getloadavg()[0] > max_load:
        time.sleep(5)


def trial(kind, folder, asv_python):
    """Carry out one trial of that kind."""
    tool, _, branch = kind.partition(" ")
    start, load = time.perf_counter(), os.getloadavg()[0]
    if tool == "gate":
        found = gate(folder, branch)
    else:
        found = pytest_benchmark(folder) if tool == "pytest-benchmark" else asv(folder, asv_python)
    seconds = round(time.perf_counter() - start, 3)
    return {"kind": kind, "engine": engine(), "seconds": seconds, "loadavg": round(load, 2), **found}


def series(options):
    """Trials until there are as many of each kind as wanted."""
    wanted = dict(LOADED if options.load else TRIALS)
    wanted = {kind: options.trials or count for kind, count in wanted.items()}
    wanted = {kind: count for kind, count in wanted.items() if options.only in kind}
    if not options.asv_python:
        wanted.pop("asv", None)
    options.repository.mkdir(parents=True, exist_ok=True)
    gate_fixture.build(options.repository)
    done = {}
    for one in stored(options.output):
        if one["load"] == options.load:
            done[one["kind"]] = done.get(one["kind"], 0) + 1
    with hogs(2 if options.load else 0), options.output.open("a", encoding="utf-8") as file:
        while kind := next_kind(wanted, done):
            wait_for(options.max_load)
            found = {**trial(kind, options.repository, options.asv_python), "load": options.load}
            file.write(json.dumps(found) + "\n")
            file.flush()
            done[kind] = done.get(kind, 0) + 1
            told = {name: one["verdict"] for name, one in found["results"].items() if "verdict" in one}
            say(f"{kind} {done[kind]}/{wanted[kind]}: {found['seconds']:.1f} s {told or ''}")


def say(text):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, help="of each kind; default: as TRIALS says")
    parser.add_argument("--only", default="", metavar="TEXT", help="kinds whose name has TEXT in it")
    parser.add_argument("--load", action="store_true", help="two other processes work in bursts")
    parser.add_argument(
        "--max-load",
        type=float,
        default=0,
        metavar="N",
        help="begin no trial while the load average is above N",
    )
    parser.add_argument("--asv-python", default="", metavar="PYTHON", help="one that has asv_runner")
    parser.add_argument("--output", type=Path, default=RESULTS, metavar="FILE")
    parser.add_argument(
        "--repository", type=Path, default=Path(tempfile.gettempdir()) / "perfkit-gate-trials"
    )
    parser.add_argument("--table", action="store_true", help="print what was found, and measure nothing")
    options = parser.parse_args()
    if options.table:
        import gate_table

        say(gate_table.render(stored(options.output)))
        return
    series(options)


if __name__ == "__main__":
    main()
