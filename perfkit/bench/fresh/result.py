"""What a measurement in a fresh process gives, and what is asked of that process."""

from __future__ import annotations

from dataclasses import dataclass, field

from perfkit.bench.measure import Job
from perfkit.model import Finding, Trace
from perfkit.profiling.bytecodes import Place


@dataclass
class Fresh:
    """A strategy in a world at a size, run once, in virtual time.

    ``state`` is "cold", the first run in its process, or "warm", the second one there, in a world of its own.
    ``status`` and ``error`` are as a cell's; ``trace`` has all spans, and is there after a failure, too.
    ``counters`` are those of a cell, ``depth`` is that of ``perfkit.rules.depth``.

    Of the cold run only: ``data``, a digest of what its world's databases held at the start; ``findings``;
    and, for this minor version of Python, the instructions that the application's functions executed
    (``bytecodes``, ``bytecodes_by_place``), how often each was called (``calls``) and the height of memory's
    peak (``peak_bytes``, of the last run in the same process: others have loaded and cached what it needs).
    None where it was not asked for or the run failed.
    """

    job: Job
    state: str
    status: str = "ok"
    error: str = ""
    trace: Trace | None = None
    elapsed_ns: int = 0
    counters: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    depth: int = 0
    bytecodes: int | None = None
    bytecodes_by_place: dict[Place, int] = field(default_factory=dict)
    calls: dict[Place, int] = field(default_factory=dict)
    peak_bytes: int | None = None
    data: str = ""


@dataclass(frozen=True)
class Task:
    """One request to the server: a job, and what is measured of it besides its figures."""

    job: Job
    bytecodes: bool = True
    peaks: bool = True


def lost(job: Job, status: str, error: str) -> list[Fresh]:
    """The results of a job whose process gave none."""
    return [Fresh(job, state, status, error) for state in ("cold", "warm")]
