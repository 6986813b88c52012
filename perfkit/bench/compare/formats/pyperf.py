"""JSON of pyperf, one benchmark or a suite: each run that has values is a process of its own.

Source: pyperf 2.10, documentation of its JSON format; values are seconds per call, calibrated runs have none.
"""

from __future__ import annotations

from statistics import median
from typing import Any

from perfkit.bench.compare.stored import Benchmark, Stored, facts, nanoseconds
from perfkit.errors import RunFileError

NAME = "pyperf"


def matches(document: dict[str, Any]) -> bool:
    """Benchmarks that have runs."""
    found = document.get("benchmarks")
    return isinstance(found, list) and bool(found) and isinstance(found[0], dict) and "runs" in found[0]


def read(document: dict[str, Any], source: str) -> Stored:
    """The median of each process; benchmarks that do not measure time are named and left out."""
    common = document.get("metadata") or {}
    stored = Stored(NAME, machine=_machine(common), hidden=facts(machines=common.get("hostname")))
    for number, found in enumerate(document["benchmarks"], start=1):
        about = {**common, **(found.get("metadata") or {})}
        name = str(about.get("name") or f"benchmark {number}")
        if about.get("unit", "second") != "second":
            stored.notes.append(f"{name} counts {about['unit']}s and not seconds: left out.")
            continue
        processes = [
            [nanoseconds(value, source) for value in run["values"]]
            for run in found["runs"]
            if run.get("values")
        ]
        if processes:
            stored.add(_benchmark(name, processes))
        # without a common part each benchmark tells of the machine itself
        stored.machine = stored.machine or _machine(about)
        stored.hidden = stored.hidden or facts(machines=about.get("hostname"))
    if not stored.benchmarks:
        raise RunFileError(f"{source} holds no times")
    return stored


def _benchmark(name: str, processes: list[list[float]]) -> Benchmark:
    values = [value for process in processes for value in process]
    return Benchmark(name, min(values), median(values), tuple(median(process) for process in processes))


def _machine(about: dict[str, Any]) -> dict[str, str]:
    return facts(
        Python=f"{about.get('python_implementation', '')} {about.get('python_version', '')}".strip(),
        system=about.get("platform"),
        processor=about.get("cpu_model_name"),
    )
