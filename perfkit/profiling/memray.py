"""Memory by memray: every allocation of Python objects and of C code, and what was alive at the peak.

Objects are counted one by one (not the arenas Python keeps them in), so figures are the same on every run.
memray writes to a temporary file while it measures and reads it back at the end. An allocation takes some
0.1 us longer and another 1 us at the end; without totals 0.3 us longer and nothing at the end. The capture
itself takes some 10 ms. A fork is not followed; from Python 3.12 on, forking meanwhile makes Python warn of
threads, as memray has one.
"""

from __future__ import annotations

import atexit
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from types import FrameType

import memray

from perfkit.model.profile import Profile
from perfkit.profiling.places import Places, is_machinery
from perfkit.profiling.sites import Held, sum_up
from perfkit.profiling.tree import below

MAX_FRAMES = 100_000
"""More than any stack has."""

RawFrame = tuple[str, str, int]
"""As memray gives them: function, file, line."""


class MemrayTool:
    """Tracks from ``resume`` to ``pause``, once."""

    title = f"memray {memray.__version__}"  # type: ignore[attr-defined]
    pauses_between_steps = False

    def __init__(self, *, totals: bool) -> None:
        self._totals = totals
        self._tracker: memray.Tracker | None = None
        self._start: tuple[tuple[str, str], ...] = ()
        self._path = ""
        self._found: Profile | None = None

    def resume(self, caller: FrameType | None) -> None:
        """Start tracking, into a temporary file."""
        handle, self._path = tempfile.mkstemp(prefix="perfkit-", suffix=".memray")
        os.close(handle)
        self._start = tuple(_names(caller))[::-1]
        try:
            self._track()
        except BaseException:
            self._remove_file()
            raise
        atexit.register(self._read_at_exit)

    def _track(self) -> None:
        formats = memray.FileFormat
        tracker = memray.Tracker(
            destination=memray.FileDestination(self._path, overwrite=True, compress_on_exit=False),
            trace_python_allocators=True,
            file_format=formats.ALL_ALLOCATIONS if self._totals else formats.AGGREGATED_ALLOCATIONS,
        )
        tracker.__enter__()
        self._tracker = tracker

    def pause(self) -> None:
        """Stop tracking, for good; any thread may."""
        tracker, self._tracker = self._tracker, None
        if tracker is not None:
            tracker.__exit__(None, None, None)

    def abandon(self) -> None:
        """Stop tracking in a forked child; the file is the parent's."""
        atexit.unregister(self._read_at_exit)
        self.pause()

    def read(self) -> Profile:
        """What was tracked, as a profile. The file is removed, whatever happens."""
        atexit.unregister(self._read_at_exit)
        return self._found or self._read_file()

    def _read_at_exit(self) -> None:
        """For a capture that lasts to the end of the program: it may be asked later, or never."""
        with suppress(Exception):
            self.pause()
            self._found = self._read_file()

    def _read_file(self) -> Profile:
        profile = Profile("memory")
        try:
            with memray.FileReader(self._path) as reader:
                held = sum_up(self._held(reader))
            if self._totals:
                _count_all(profile, self._path)
        finally:
            self._remove_file()
        profile.peak_bytes, profile.tree, profile.top = held.size, held.tree, held.top
        return profile

    def _remove_file(self) -> None:
        with suppress(OSError):
            os.unlink(self._path)

    def _held(self, reader: memray.FileReader) -> Iterator[Held]:
        """What was alive at the peak, by stack."""
        places = Places()
        for record in reader.get_high_watermark_allocation_records(merge_threads=True):
            # without a limit it leaves out as many frames as the stack had when tracking began
            raw: list[RawFrame] = record.stack_trace(max_stacks=MAX_FRAMES)[::-1]
            start = tuple((name, file) for name, file, _ in raw[: len(self._start)])
            seen = raw[len(start) - len(below(start, self._start)) :]
            if not any(is_machinery(file) for _, file, _ in seen):
                found = (places(file, line, name) for name, file, line in seen)
                stack = tuple(place for place in found if place is not None)
                yield Held(stack, record.size, record.n_allocations)


def _names(frame: FrameType | None) -> Iterator[tuple[str, str]]:
    """The functions and files from a frame outwards."""
    while frame is not None:
        yield frame.f_code.co_name, frame.f_code.co_filename
        frame = frame.f_back


def _count_all(profile: Profile, path: str) -> None:
    """Enter how much was asked for in all; left unknown where this memray does not tell."""
    with suppress(ImportError):
        from memray._memray import compute_statistics

        statistics = compute_statistics(path)
        profile.allocations = statistics.total_num_allocations
        profile.allocated_bytes = statistics.total_memory_allocated
