"""perfkit's own runs: of ``bench`` on either clock, ``run`` and ``analyze``, and timed ones of ``gate``."""

from __future__ import annotations

from typing import Any

from perfkit.bench.compare.stored import Benchmark, Stored, facts
from perfkit.errors import RunFileError
from perfkit.model import Cell, Run, ScenarioResult
from perfkit.model.plain import encode
from perfkit.model.storage import decode_run

NAME = "perfkit"

COMPARED = ("bench", "gate", "trace", "analysis")
"""Kinds of runs that have something to compare."""


def matches(document: dict[str, Any]) -> bool:
    """A schema number and a kind."""
    return type(document.get("schema")) is int and "kind" in document


def read(document: dict[str, Any], source: str) -> Stored:
    """A run with something to compare. Raises RunFileError for kinds that have nothing."""
    schema = document["schema"]
    run = decode_run(encode(document), source=source)
    stored = stored_of(run, source)
    if schema != run.schema:
        stored.notes.append(f"{source} was written with schema {schema}, and lifted to {run.schema}.")
    return stored


def stored_of(run: Run, source: str) -> Stored:
    """A bench run, a recording, or the times of a gate run. Raises RunFileError for what is none of them."""
    if run.kind not in COMPARED:
        known = ", ".join(COMPARED)
        raise RunFileError(f"{source} is a run of kind {run.kind!r}; compared are those of {known}")
    environment = run.machine.environment
    stored = Stored(
        tool=f"{NAME} {run.kind}" + (f" in {run.clock} time" if run.kind in ("bench", "trace") else ""),
        machine=facts(
            Python=f"{environment.implementation} {environment.python}",
            system=f"{environment.system} {environment.machine}",
            cores=environment.cpus,
        ),
        run=run,
    )
    for benchmark in _of_gate(run, source) if run.kind == "gate" else _of_bench(run):
        stored.add(benchmark)
    return stored


def _of_gate(run: Run, source: str) -> list[Benchmark]:
    timings = run.gate.timings if run.gate is not None else []
    timed = [(timing.name, timing.head_ns) for timing in timings if timing.head_ns]
    if not timed:
        raise RunFileError(
            f"{source} is a gate run without times; its counters are in the baselines: use git diff"
        )
    return [Benchmark(name, float(head_ns), float(head_ns)) for name, head_ns in timed]


def _of_bench(run: Run) -> list[Benchmark]:
    """Times of a wall clock; in virtual time cells are compared as they are."""
    if run.clock != "wall":
        return []
    return [
        Benchmark(_name(scenario, cell), float(least), float(cell.elapsed_ns or least))
        for scenario in run.scenarios
        for cell in scenario.cells
        if cell.status == "ok" and (least := min((s.elapsed_ns for s in cell.samples), default=None))
    ]


def _name(scenario: ScenarioResult, cell: Cell) -> str:
    return f"{scenario.name} {cell.world}/{cell.strategy} ({cell.size} {scenario.unit})"
