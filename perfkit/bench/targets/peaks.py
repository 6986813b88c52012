"""The peak of a strategy's memory, for targets: measured in a process of its own, when one asks for it."""

from __future__ import annotations

from importlib.util import find_spec

from perfkit.bench.fresh import measure_peak
from perfkit.bench.measure import Job
from perfkit.bench.scenario import Scenario
from perfkit.errors import MissingExtraError
from perfkit.model import Cell

BASIS = (
    "most bytes held at one moment for the application's own lines, in a process of its own in virtual time "
    "(memray); what libraries and the interpreter keep is not counted"
)


def peak_of(
    scenario: Scenario, cell: Cell, *, seed: int, limit_ns: int, timeout_s: float
) -> tuple[int | None, str]:
    """The bytes with what they are, or None with the reason why they could not be measured."""
    if find_spec("memray") is None:
        return None, str(MissingExtraError("a target of memory", "memray", "memory"))
    if "virtual" not in scenario.clocks:
        return None, "memory is measured in virtual time, and the scenario runs on the wall clock only"
    style = scenario.strategies[cell.strategy].style
    job = Job(
        scenario.file,
        scenario.name,
        cell.world,
        cell.strategy,
        cell.size,
        (seed,),
        "virtual",
        limit_ns,
        style,
    )
    fresh = measure_peak(job, timeout_s=timeout_s)
    if fresh.peak_bytes is None:
        return None, f"measuring its memory came to nothing: {fresh.error or fresh.status}"
    return fresh.peak_bytes, BASIS
