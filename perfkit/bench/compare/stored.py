"""A stored run of any tool, as far as a comparison needs it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from perfkit.errors import RunFileError
from perfkit.model import Run


@dataclass(frozen=True)
class Benchmark:
    """Times of one benchmark in nanoseconds: the least, the median, and the median of each process.

    ``processes_ns`` is empty where the file holds one process, or does not say. ``broken`` says why its
    times are not to be trusted. ``counters`` are those that perfkit's plugin left in the file; more is worse.
    """

    name: str
    least_ns: float
    median_ns: float
    processes_ns: tuple[float, ...] = ()
    broken: str = ""
    counters: dict[str, int] = field(default_factory=dict)


@dataclass
class Stored:
    """What a file holds. ``machine`` are facts that must be alike, by what they are called.

    Facts in ``hidden`` are compared and never shown: they name a machine. ``run`` is perfkit's own document.
    """

    tool: str
    benchmarks: dict[str, Benchmark] = field(default_factory=dict)
    machine: dict[str, str] = field(default_factory=dict)
    hidden: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    run: Run | None = None

    def add(self, benchmark: Benchmark) -> None:
        """Enter it under its name; a name that is there already gets a number."""
        name, number = benchmark.name, 1
        while name in self.benchmarks:
            number += 1
            name = f"{benchmark.name} ({number})"
        self.benchmarks[name] = benchmark


def nanoseconds(seconds: object, source: str) -> float:
    """Seconds of a JSON file as nanoseconds, rounded once. Raises RunFileError for what is no duration.

    >>> nanoseconds(0.1, "run.json")
    100000000.0
    """
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise RunFileError(f"{source} is damaged: a time is {str(seconds)[:40]!r}, not a number of seconds")
    if not math.isfinite(seconds) or seconds < 0:
        raise RunFileError(f"{source} is damaged: a time is {seconds!r} s")
    return float(Fraction(seconds) * 1_000_000_000)


def facts(**found: Any) -> dict[str, str]:
    """Those that are known, as text."""
    return {name.replace("_", " "): str(value)[:80] for name, value in found.items() if value}
