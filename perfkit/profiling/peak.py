"""How much memory the application held at most, exact to the byte in a fresh process.

Counted are blocks that Python's allocators hand out to the application's own lines, or to the standard
library for them: the nearest function outside the standard library is the application's. What other libraries
keep is not counted, nor what C libraries allocate by themselves: it changes with their versions, and no two
runs are equal (sets grow by where objects lie in memory, Python's cache of attributes holds names by their
address). An answer that a client decodes counts once the application makes something of it, not before.
memray tells; tracemalloc cannot, it knows the peak of everything only.
"""

from __future__ import annotations

import contextlib
import gc
import io
import os
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from perfkit.errors import MissingExtraError, UsageError
from perfkit.tracing.callpath import shown

if TYPE_CHECKING:
    from memray import AllocationRecord, Tracker

MAX_FRAMES = 100_000
"""More than any stack has: without a limit memray leaves out as many as there were when tracking began."""


_STANDARD_LIBRARY = os.path.dirname(os.path.realpath(os.__file__)) + os.sep
_PACKAGES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_BY_CHANCE = ("_weakrefset.py", "weakref.py", "linecache.py")
"""What the standard library holds by addresses, or by what the file system has."""


class Peak(Struct):
    """``peak_bytes`` is set when the block has ended."""

    peak_bytes: int = 0


def is_application(file: str) -> bool:
    """Whether a file is the application's: not a library, nor Python's or perfkit's own."""
    return shown(file) is not None


@contextlib.contextmanager
def count_peak(is_ours: Callable[[str], bool] = is_application) -> Iterator[Peak]:
    """The most bytes held at one moment, of those allocated in the block for functions in files of ours.

    Garbage is not collected meanwhile, for the moment it would happen at depends on everybody: objects that
    refer to each other count as held. Code runs some three times slower. Raises MissingExtraError without
    memray, and UsageError where memray is at work already.
    """
    import tempfile  # late: importing perfkit must not take its time

    try:
        import memray
    except ImportError as error:
        raise MissingExtraError("measuring the peak of memory", "memray", "memory") from error
    peak = Peak()
    with tempfile.TemporaryDirectory(prefix="perfkit-") as folder, _uncollected():
        file = os.path.join(folder, "allocations")
        place = memray.FileDestination(file, compress_on_exit=False)
        tracker = memray.Tracker(destination=place, trace_python_allocators=True)
        _enter(tracker)
        try:
            yield peak
        finally:
            tracker.__exit__(None, None, None)
            with memray.FileReader(file) as reader:
                peak.peak_bytes = highest(reader.get_allocation_records(), is_ours)


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    collecting = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _enter(tracker: Tracker) -> None:
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # it says that greenlets are new to it
            tracker.__enter__()
    except RuntimeError as error:
        raise UsageError("the memory's peak cannot be told: memray is at work here already") from error


def is_held_for(files: Iterable[str], is_ours: Callable[[str], bool]) -> bool:
    """Whether an allocation counts whose stack goes through these files, innermost first.

    >>> is_held_for(["app.py", "other.py"], {"app.py"}.__contains__)
    True
    >>> is_held_for(["site-packages/client.py", "app.py"], {"app.py"}.__contains__)
    False
    """
    for file in files:
        if is_ours(file):
            return True
        if not file.startswith(_STANDARD_LIBRARY) or any(folder in file for folder in _PACKAGES):
            return False
        if os.path.basename(file) in _BY_CHANCE:
            return False
    return False


def highest(records: Iterator[AllocationRecord], is_ours: Callable[[str], bool]) -> int:
    """The highest sum of bytes, in the order in which blocks were taken and given back."""
    from memray import AllocatorType

    taking = {AllocatorType.PYMALLOC_MALLOC, AllocatorType.PYMALLOC_CALLOC, AllocatorType.PYMALLOC_REALLOC}
    takes = frozenset(int(kind) for kind in taking)
    gives = frozenset(int(kind) for kind in (AllocatorType.PYMALLOC_FREE, AllocatorType.FREE))
    held: dict[int, int] = {}
    ours: dict[int, bool] = {}  # by the number of the stack
    now = most = 0
    for record in records:
        kind = record.allocator
        if kind in gives:
            now -= held.pop(record.address, 0)
        elif kind in takes:
            stack = record.stack_id
            if stack not in ours:
                ours[stack] = is_held_for((file for _, file, _ in record.stack_trace(MAX_FRAMES)), is_ours)
            # a block that was resized comes again, at an address that may be its old one
            now -= held.pop(record.address, 0)
            if ours[stack]:
                held[record.address] = size = record.size
                now += size
                most = max(most, now)
    return most
