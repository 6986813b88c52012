"""Each metric of a target, measured of one cell: the value and what it rests on, or None and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from perfkit.bench.operations import Operations, p95
from perfkit.bench.recommended import in_time, time_ns
from perfkit.model import Cell, ScenarioResult
from perfkit.model.target import shown

Found = tuple[float | None, str]
MANY = 20
"""So many samples have a 95th percentile that is not the largest of them."""


@dataclass(frozen=True)
class Subject:
    """A cell and what its run knows of it. ``operations`` and ``computing_ns`` are of the first sample.

    ``peak`` measures memory, which takes its time.
    """

    result: ScenarioResult
    cell: Cell
    clock: str
    operations: Operations | None
    computing_ns: int
    peak: Callable[[Cell], Found]


def measured(metric: str, subject: Subject) -> Found:
    """The metric's value in its own unit, and its basis."""
    cell = subject.cell
    if cell.status == "skipped":
        return None, cell.error or "it was skipped"
    if cell.status != "ok" and metric != "errors":
        return None, f"{cell.status}: {cell.error}"
    return _MEASURES[metric](subject)


def _response(subject: Subject) -> Found:
    result, cell = subject.result, subject.cell
    if in_time(result):
        goal = " + ".join(figure.removesuffix("_ns").replace("_", " ") for figure in result.goal)
        value = time_ns(result, cell)
        about = f"the scenario's goal ({goal})"
        return value, f"{about}, {subject.clock} time" if value is not None else f"it lacks {about}"
    times = [sample.elapsed_ns for sample in cell.samples]
    count = len(times)
    about = f"95th percentile of {count} samples" if count >= MANY else f"the slowest of {count} samples"
    return p95(times), f"{'one sample' if count == 1 else about}, {subject.clock} time"


def _throughput(subject: Subject) -> Found:
    cell, unit = subject.cell, subject.result.unit
    elapsed_ns = sum(sample.elapsed_ns for sample in cell.samples)
    if not elapsed_ns:
        return None, "it took no time at all"
    count = cell.size * len(cell.samples)
    basis = f"{count:,} {unit} in {shown('response', elapsed_ns)}, {subject.clock} time"
    return count * 1e9 / elapsed_ns, basis


def _errors(subject: Subject) -> Found:
    operations = subject.operations
    if operations is None or not operations.total:
        return None, "it made no request and no query"
    basis = f"{operations.failed:,} of {operations.total:,} requests and queries failed"
    return operations.failed / operations.total, basis


def _cpu(subject: Subject) -> Found:
    if subject.clock != "wall":
        return None, "virtual time does not count computing: measure with --clock wall"
    elapsed_ns = subject.cell.samples[0].elapsed_ns
    if not elapsed_ns:
        return None, "it took no time at all"
    computing_ns = subject.computing_ns
    basis = (
        f"{shown('response', computing_ns)} of processor time in {shown('response', elapsed_ns)}, "
        "with what recording took"
    )
    return computing_ns / elapsed_ns, basis


def _memory(subject: Subject) -> Found:
    return subject.peak(subject.cell)


def _query(subject: Subject) -> Found:
    operations = subject.operations
    if operations is None or operations.query_p95_ns is None:
        return None, "it made no query"
    count = operations.queries
    about = f"95th percentile of {count:,} queries" if count >= MANY else f"the slowest of {count} queries"
    return operations.query_p95_ns, f"{'one query' if count == 1 else about}, {subject.clock} time"


_MEASURES: dict[str, Callable[[Subject], Found]] = {
    "response": _response,
    "throughput": _throughput,
    "errors": _errors,
    "cpu": _cpu,
    "memory": _memory,
    "query": _query,
}
