"""``measure_fresh``: hands jobs to servers, one per core, and puts together what they measured."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from perfkit.bench.fresh.process import Key, Server
from perfkit.bench.fresh.result import Fresh, Task
from perfkit.bench.measure import Job
from perfkit.bench.pool import default_workers


def measure_fresh(
    jobs: Sequence[Job],
    *,
    timeout_s: float = 120.0,
    workers: int = 0,
    bytecodes: bool = True,
    peaks: bool = True,
    folder: Path | None = None,
) -> Iterator[Fresh]:
    """The cold and the warm run of each job, one after the other; jobs as they are done.

    Each measurement is made in virtual time, with the first of the job's seeds. One that takes more than
    ``timeout_s`` real seconds, or kills its process, has a status that says so. ``workers`` processes measure
    at once (0: one per core), in ``folder`` (default: the current one). Memory's peak, the dearest figure, is
    measured at the smallest size of each coroutine strategy in each world; in synchronous ones, whose
    threads are switched by greenlets, it is not exact. Closing the iterator, or leaving it by Ctrl-C, ends
    all processes.
    """
    smallest = _smallest_sizes(jobs)

    def task_of(job: Job) -> Task:
        has_peak = job.style == "async" and job.size == smallest[_entry_of(job)]
        return Task(job, bytecodes, peaks and has_peak)

    work = _Work(jobs)
    done: queue.SimpleQueue[list[Fresh] | BaseException] = queue.SimpleQueue()
    count = min(workers or default_workers(), len(jobs))
    hands = [_Hand(work, done, task_of, timeout_s, folder) for _ in range(count)]
    try:
        for hand in hands:
            hand.start()
        for _ in jobs:
            result = done.get()
            if isinstance(result, BaseException):
                raise result
            yield from result
    finally:
        work.stop()
        for hand in hands:
            hand.end()


def measure_peak(job: Job, *, timeout_s: float = 120.0) -> Fresh:
    """The job's cold run with the height of memory's peak, in a server of its own.

    Synchronous strategies have one, too, here: it is not exact to the byte, see ``measure_fresh``.
    """
    server = Server(key_of(job))
    try:
        return server.ask(Task(job, bytecodes=False, peaks=True), timeout_s)[0]
    finally:
        server.close()


def _smallest_sizes(jobs: Iterable[Job]) -> dict[tuple[str, str, str], int]:
    """The smallest size of each strategy in each world."""
    sizes: dict[tuple[str, str, str], int] = {}
    for job in jobs:
        sizes[_entry_of(job)] = min(job.size, sizes.get(_entry_of(job), job.size))
    return sizes


def _entry_of(job: Job) -> tuple[str, str, str]:
    return job.scenario, job.world, job.strategy


class _Work:
    """The jobs not yet begun, and who works on which file."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = list(jobs)
        self._taken: dict[object, Key] = {}
        self._lock = threading.Lock()

    def take(self, hand: object) -> Job | None:
        """The next job: of the hand's own server, else of a file that nobody works on, else any."""
        with self._lock:
            own = self._taken.get(hand)
            others = {key for other, key in self._taken.items() if other is not hand}
            if not self._jobs:
                return None
            job = min(self._jobs, key=lambda job: (key_of(job) != own, key_of(job) in others))
            self._jobs.remove(job)
            self._taken[hand] = key_of(job)
            return job

    def stop(self) -> None:
        """There is no more."""
        with self._lock:
            self._jobs.clear()


def key_of(job: Job) -> Key:
    """Jobs of one key share a server."""
    return job.file, job.style


class _Hand(threading.Thread):
    """Works off jobs with one server at a time."""

    def __init__(
        self,
        work: _Work,
        done: queue.SimpleQueue[list[Fresh] | BaseException],
        task_of: Callable[[Job], Task],
        timeout_s: float,
        folder: Path | None,
    ) -> None:
        super().__init__(daemon=True, name="measuring in fresh processes")
        self._work, self._done, self._task_of, self._timeout_s = work, done, task_of, timeout_s
        self._folder = folder
        self._server: Server | None = None
        self._ended = False

    def run(self) -> None:
        try:
            while (job := self._work.take(self)) is not None:
                self._done.put(self._ask(self._task_of(job)))
        except BaseException as error:  # the iterator's caller is the one to see it
            self._done.put(error)
        finally:
            self._close()

    def end(self) -> None:
        """Kill what runs, and wait for the thread."""
        self._ended = True
        if (server := self._server) is not None:
            server.kill()
        if self.ident is not None:
            self.join()

    def _ask(self, task: Task) -> list[Fresh]:
        server = self._server_for(task.job)
        try:
            return server.ask(task, self._timeout_s)
        finally:
            if not server.reusable:
                self._close()

    def _server_for(self, job: Job) -> Server:
        if self._server is not None and self._server.key != key_of(job):
            self._close()
        if self._server is None:
            self._server = Server(key_of(job), self._folder)
            if self._ended:
                self._server.kill()
        return self._server

    def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
