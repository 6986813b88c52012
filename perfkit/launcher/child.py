"""Inside the recorded process: start at its first line, write the part when it ends, however it ends.

A fork starts a recording of its own. Its part is written where its ending can be seen: atexit, or the
finalizers of multiprocessing, whose children leave past atexit. One that leaves by ``os._exit`` or a signal
writes none. ``with multiprocessing.Pool()`` ends its workers by a signal, and often before they have written;
``close`` and ``join`` let them end by themselves.
"""

from __future__ import annotations

import atexit
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.launcher.part import Part
from perfkit.model.plain import encode

if TYPE_CHECKING:
    from perfkit.recording import record

FOLDER_VARIABLE = "PERFKIT_RECORD_TO"

_FINALIZE_LAST = -1_000_000
"""Priority among multiprocessing's finalizers: what the others do at the end is still recorded."""


class _Process:
    """The recording of this process, and what its processor time was when it began."""

    def __init__(self, recording: record, folder: Path) -> None:
        self.recording, self.folder = recording, folder
        self.before_ns = time.process_time_ns()
        # process numbers are used again, moments are not
        self.name = f"{os.getpid()}-{time.monotonic_ns()}"
        self.finished = False

    def finish(self) -> None:
        """Write the part, once. Nothing escapes: the program's own ending matters more than its recording."""
        if self.finished:
            return
        self.finished = True
        with suppress(BaseException):
            computing_ns = time.process_time_ns() - self.before_ns
            self.recording.__exit__(None, None, None)
            self._write(encode(Part.of(self.recording.trace, computing_ns)))

    def _write(self, data: bytes) -> None:
        # no folder is made: it is gone when the recorded program has ended before this process
        temporary = self.folder / f"{self.name}.unfinished"
        temporary.write_bytes(data)
        temporary.replace(self.folder / f"{self.name}.part")


_processes: list[_Process] = []
"""The one that is recorded here; a fork puts its own in place of its parent's."""


def start() -> None:
    """Record this process into the folder named by PERFKIT_RECORD_TO; does nothing without one."""
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder or _processes:
        return
    _begin(Path(folder))
    # atexit runs after an uncaught exception, sys.exit and Ctrl-C alike
    atexit.register(_finish)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_begin_in_fork)


def _begin(folder: Path) -> None:
    from perfkit.recording import record

    recording = record(whole_process=True)
    recording.__enter__()
    _processes[:] = [_Process(recording, folder)]


def _begin_in_fork() -> None:
    with suppress(Exception):
        inherited = _processes[0]
        # the spans so far are the parent's
        inherited.recording.closed = True
        inherited.finished = True
        _begin(inherited.folder)
        util = sys.modules.get("multiprocessing.util")
        if util is not None:
            # a finalizer made here would be cleared: multiprocessing does that first thing in its children
            util.register_after_fork(_processes[0], _finalize_with_multiprocessing)


def _finalize_with_multiprocessing(process: _Process) -> None:
    sys.modules["multiprocessing.util"].Finalize(None, process.finish, exitpriority=_FINALIZE_LAST)


def _finish() -> None:
    for process in _processes:
        process.finish()
