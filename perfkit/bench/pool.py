"""Worker processes that measure cells: a strategy that hangs is killed and costs nobody else's result.

In virtual time there is one worker per core; in wall time one at all, so that measurements do not disturb
each other, with the world served by a process of its own.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from perfkit.bench.discovery import load_file
from perfkit.bench.measure import Job, Measured, measure
from perfkit.bench.scenario import Scenario
from perfkit.children import end_child, settle_in, start_child
from perfkit.errors import PerfkitError
from perfkit.model import Cell, CellCost

_READY = b"ready"
_STOP = b""

GC_THRESHOLD = 50_000
"""Objects between two collections in a worker; Python's own 700 costs a sixth of a simulated run."""


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    style: str
    job: Job | None = None
    deadline: float = 0.0
    ready: bool = False


class Pool:
    """Measures jobs in worker processes; use it as a context manager, which stops them all at its end.

    A job that takes more than ``timeout_s`` real seconds, which may be changed between runs, or kills its
    process, gives a cell that says so.
    """

    def __init__(self, workers: int, *, timeout_s: float) -> None:
        self._size = workers
        self.timeout_s = timeout_s
        self._workers: list[_Worker] = []

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            _stop(worker)
        self._workers.clear()

    def run(self, jobs: list[Job]) -> Iterator[Measured]:
        """The result of each job as it comes, in no particular order."""
        queue = list(reversed(jobs))
        while len(self._workers) < min(self._size, len(jobs)):
            self._workers.append(_start(queue[-1].style))
        while queue or any(worker.job for worker in self._workers):
            for worker in self._workers:
                if worker.job is None and queue:
                    _give(worker, queue.pop(), self.timeout_s)
            yield from _collect(self._workers, self.timeout_s)


def default_workers() -> int:
    """One per core this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _start(style: str) -> _Worker:
    return _Worker(*start_child(_work, style), style)


def _give(worker: _Worker, job: Job, timeout_s: float) -> None:
    if worker.style != job.style:
        _restart(worker, job.style)
    if not worker.ready:  # starting Python is not the strategy's time
        with contextlib.suppress(EOFError, OSError):
            worker.pipe.recv_bytes()
        worker.ready = True
    worker.job, worker.deadline = job, time.monotonic() + timeout_s
    with contextlib.suppress(BrokenPipeError):
        worker.pipe.send(job)


def _collect(pool: list[_Worker], timeout_s: float) -> Iterator[Measured]:
    """Results that are ready; waits until there is one, or until a worker's time is up."""
    busy = [worker for worker in pool if worker.job is not None]
    patience = max(0.0, min(worker.deadline for worker in busy) - time.monotonic())
    ready = wait([worker.pipe for worker in busy], timeout=patience)
    for worker in busy:
        job = worker.job
        if job is None:
            continue
        if worker.pipe in ready:
            yield _receive(worker, job)
        elif time.monotonic() >= worker.deadline:
            _restart(worker)
            yield lost(job, "timeout", f"no answer after {timeout_s:g} s of real time; stopped")


def _receive(worker: _Worker, job: Job) -> Measured:
    try:
        data = worker.pipe.recv_bytes()
    except (EOFError, OSError):
        worker.process.join(1)
        code = worker.process.exitcode
        _restart(worker)
        return lost(job, "failed", f"its process ended with exit code {code}")
    worker.job = None
    try:
        measured: Measured = pickle.loads(data)  # noqa: S301 - from our own child
    except Exception as error:  # a user's class may pickle and not come back
        return lost(job, "failed", f"its answer cannot be compared (read back): {error}")
    return measured


def lost(job: Job, status: str, error: str) -> Measured:
    """The result of a job whose process gave none."""
    cell = Cell(job.world, job.strategy, job.size, status=status, error=error)
    cost = CellCost(job.scenario, job.world, job.strategy, job.size, 0, 0)
    return Measured(cell, cost, options=dict(job.options), seed=job.seeds[0])


def _restart(worker: _Worker, style: str = "") -> None:
    end_child(worker.process, worker.pipe)
    fresh = _start(style or worker.style)
    worker.process, worker.pipe, worker.style = fresh.process, fresh.pipe, fresh.style
    worker.job, worker.ready = None, False


def _stop(worker: _Worker) -> None:
    if worker.job is None:
        with contextlib.suppress(OSError):
            worker.pipe.send_bytes(_STOP)
            worker.process.join(2)
    end_child(worker.process, worker.pipe)


def _work(style: str, pipe: Connection) -> None:
    """A worker's life: a job, its result, the next job."""
    settle_in()
    problem = _prepare(style)
    os.dup2(2, 1)  # what a strategy prints must not end up among results
    pipe.send_bytes(_READY)
    loaded: dict[str, dict[str, Scenario]] = {}
    while True:
        try:
            message = pipe.recv_bytes()
        except EOFError:
            return
        if message == _STOP:
            return
        job: Job = pickle.loads(message)  # noqa: S301 - from our own parent
        measured = lost(job, "skipped", problem) if problem else _measure_quietly(job, loaded)
        pipe.send_bytes(_encoded(measured, job))


def _prepare(style: str) -> str:
    """Make the process ready for strategies of that style; the reason where that cannot be done."""
    if style != "sync":
        return ""
    from perfkit.sim import prepare

    try:
        prepare()
    except PerfkitError as error:
        return str(error)
    return ""


def _measure_quietly(job: Job, loaded: dict[str, dict[str, Scenario]]) -> Measured:
    try:
        if job.file not in loaded:
            loaded[job.file] = {scenario.name: scenario for scenario in load_file(Path(job.file))}
            gc.freeze()  # what is imported by now stays: do not look through it again and again
            gc.set_threshold(GC_THRESHOLD)
        return measure(loaded[job.file][job.scenario], job)
    except (PerfkitError, KeyError) as error:
        return lost(job, "failed", str(error))


def _encoded(measured: Measured, job: Job) -> bytes:
    try:
        return pickle.dumps(measured)
    except Exception as error:  # a user's __reduce__ may raise anything
        return pickle.dumps(lost(job, "failed", f"its answer cannot be compared (pickled): {error}"))
