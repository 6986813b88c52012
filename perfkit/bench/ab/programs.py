"""Whole programs, timed from start to end: a pair is a run in each tree, in random order."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from perfkit.bench.ab.controller import Compared
from perfkit.bench.ab.environments import Sides
from perfkit.bench.ab.lockstep import PairValue, summarised
from perfkit.bench.ab.pair import MALLOC
from perfkit.bench.ab.plan import AbPlan
from perfkit.bench.ab.timings import Benchmark, timing_of
from perfkit.errors import NothingToCompareError

PAIR_NS = 300_000_000
"""A pair of shorter programs is several runs of each, in turns: what starts and ends them varies."""

MOST_RUNS = 10

TAIL = 12
"""Lines of a program's output in a message."""


@dataclass(frozen=True)
class Run:
    """A program in a tree: what to start, where, and in which environment."""

    side: str
    words: tuple[str, ...]
    folder: Path
    environment: dict[str, str]


def compare_programs(
    words: Sequence[str], folder: Path, sides: Sides, plan: AbPlan, progress: Callable[[str], None]
) -> Compared:
    """Time ``words`` in the ``folder`` of both trees until it is decided, or its time is up.

    Raises NothingToCompareError when the program fails in one of them.
    """
    name = " ".join(words)
    benchmark = Benchmark(name, "command")
    draw = random.Random(plan.seed)
    base, head = (program(side, words, folder, sides) for side in ("base", "head"))
    started_ns = time.perf_counter_ns()
    interrupted = False
    try:
        # the first run of each is not timed: it compiles modules and fills the caches of the system
        longest_ns = max(timed(head, 0, plan.timeout_s), timed(base, 0, plan.timeout_s))
        runs = max(1, min(MOST_RUNS, PAIR_NS // (2 * longest_ns)))
        while benchmark.is_open(round(plan.budget_s * 1e9)):
            progress(f"{name}: pair {len(benchmark.values) + 1}")
            benchmark.add(_pair(base, head, runs, draw, plan))
            benchmark.real_ns = time.perf_counter_ns() - started_ns
    except KeyboardInterrupt:
        interrupted = True
    timing = timing_of(benchmark, interrupted=interrupted)
    return Compared([timing], [], interrupted, {name: benchmark.values})


def program(name: str, words: Sequence[str], folder: Path, sides: Sides) -> Run:
    """The program on the side of that name; modules are looked for in its own tree first."""
    side = sides.base if name == "base" else sides.head
    environment = {**(side.environment or os.environ), **MALLOC}
    environment.pop(
        "PYTHONDONTWRITEBYTECODE", None
    )  # one tree may have compiled modules, the other could not
    paths = [*sides.import_paths(side.root), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(
        _moved(path, sides.head.root, side.root) for one in paths for path in one.split(os.pathsep) if path
    )
    if side.python != sides.head.python:
        environment["PATH"] = f"{Path(side.python).parent}{os.pathsep}{environment.get('PATH', '')}"
        environment["VIRTUAL_ENV"] = str(Path(side.python).parent.parent)
    moved = [_moved(word, sides.head.root, side.root) for word in words]
    if shutil.which(words[0]) == sides.head.python:
        moved[0] = side.python
    return Run(name, tuple(moved), side.root / folder, environment)


def timed(run: Run, hash_seed: int, timeout_s: float, slower: float = 0.0) -> int:
    """Nanoseconds from start to end, and of a busy wait for the share ``slower`` of them.

    Raises NothingToCompareError when the program fails.
    """
    environment = {**run.environment, "PYTHONHASHSEED": str(hash_seed)}
    with tempfile.TemporaryFile() as output:
        try:
            start_ns = time.perf_counter_ns()
            process = subprocess.Popen(  # noqa: S603 - the command the user asked for
                run.words,
                cwd=run.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        except OSError as error:
            raise NothingToCompareError(
                f"{run.words[0]} cannot be started in the {run.side}: {error.strerror}"
            ) from None
        code = _ended(process, timeout_s)
        elapsed_ns = time.perf_counter_ns() - start_ns
        while time.perf_counter_ns() - start_ns < elapsed_ns * (1 + slower):
            pass
        elapsed_ns = time.perf_counter_ns() - start_ns
        if code != 0:
            what = f"did not end within {timeout_s:g} s" if code is None else f"ended with exit code {code}"
            raise NothingToCompareError(f"{' '.join(run.words)} {what} in the {run.side}{_tail(output)}")
    return elapsed_ns


def _ended(process: subprocess.Popen[bytes], timeout_s: float) -> int | None:
    """Its exit code, or None when it had to be ended; what it started ends with it."""
    try:
        return process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return None
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _pair(base: Run, head: Run, runs: int, draw: random.Random, plan: AbPlan) -> PairValue:
    took: dict[str, list[float]] = {"base": [], "head": []}
    hash_seed = draw.randrange(1, 1 << 32)
    for _ in range(runs):
        for run in draw.sample([base, head], 2):
            slower = plan.head_slower if run is head else 0.0
            took[run.side].append(timed(run, hash_seed, plan.timeout_s, slower))
    return summarised(took["base"], took["head"])


def _moved(word: str, head: Path, root: Path) -> str:
    """A path in the head's tree as one in ``root``, unless nothing is there, as of an environment."""
    path = Path(word)
    if not path.is_absolute() or not path.is_relative_to(head):
        return word
    there = root / path.relative_to(head)
    return str(there) if there.exists() else word


def _tail(output: IO[bytes]) -> str:
    output.seek(0)
    lines = output.read().decode(errors="replace").splitlines()[-TAIL:]
    return ":\n" + "\n".join(f"  {line}" for line in lines) if lines else ""
