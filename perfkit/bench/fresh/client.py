"""``measure_fresh``: hands jobs to servers, one per core, and puts together what they measured."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from perfkit.bench.fresh.process import Key, Server
from perfkit.bench.fresh.result import BYTECODES, FIGURES, PEAK, Fresh, Task
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
    at once (0: one per core), in ``folder`` (default: the current one). Closing the iterator, or leaving it
    by Ctrl-C, ends all processes.
    """
    asked = [FIGURES, *([BYTECODES] if bytecodes else []), *([PEAK] if peaks else [])]
    work = _Work(jobs)
    done: queue.SimpleQueue[list[Fresh] | BaseException] = queue.SimpleQueue()
    count = min(workers or default_workers(), len(jobs))
    hands = [_Hand(work, done, asked, timeout_s, folder) for _ in range(count)]
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
        asked: list[str],
        timeout_s: float,
        folder: Path | None,
    ) -> None:
        super().__init__(daemon=True, name="measuring in fresh processes")
        self._work, self._done, self._asked, self._timeout_s = work, done, asked, timeout_s
        self._folder = folder
        self._server: Server | None = None
        self._ended = False

    def run(self) -> None:
        try:
            while (job := self._work.take(self)) is not None:
                self._done.put(self._measure(job))
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

    def _measure(self, job: Job) -> list[Fresh]:
        results = self._ask(Task(job, FIGURES))
        cold = results[0]
        for what in self._asked[1:]:
            if cold.status in ("ok", "failed"):
                found = self._ask(Task(job, what))[0]
                _add(cold, found)
        return results

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


def _add(cold: Fresh, found: Fresh) -> None:
    """Enter what another process measured of the same run."""
    if (found.status, found.error) != (cold.status, cold.error):
        cold.status, cold.error = found.status, found.error
        return
    if found.bytecodes is not None:
        cold.bytecodes, cold.calls = found.bytecodes, found.calls
        cold.bytecodes_by_place = found.bytecodes_by_place
    if found.peak_bytes is not None:
        cold.peak_bytes = found.peak_bytes
