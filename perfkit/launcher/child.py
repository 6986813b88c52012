"""Inside the recorded process: start at its first line, end the part when it ends, however it ends.

A fork starts a recording of its own. A process that leaves by ``os._exit``, as those of multiprocessing do,
or that multiprocessing ends by SIGTERM, as a Pool does with its workers, still ends its part. One that is
killed outright leaves all but the last second.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from perfkit.launcher.spilling import SpillingRecord

FOLDER_VARIABLE = "PERFKIT_RECORD_TO"
PROFILE_VARIABLE = "PERFKIT_PROFILE"
"""Names what to profile beside recording, in the first process only: "cpu" or "memory"."""


class _Process:
    """The recording of this process, and what its processor time was when it began."""

    def __init__(self, recording: SpillingRecord, folder: Path) -> None:
        self.recording, self.folder = recording, folder
        self.before_ns = time.process_time_ns()
        self.capture: Any = None
        self.finished = False

    def finish(self) -> None:
        """End the part, once. Nothing escapes: the program's own ending matters more than its recording."""
        if self.finished:
            return
        self.finished = True
        with suppress(BaseException):
            computing_ns = time.process_time_ns() - self.before_ns
            if self.capture is not None:
                self.capture.finish()
            self.recording.finish(computing_ns, self.recording.profiles)


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
    os._exit = _finishing_first(os._exit)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_begin_in_fork)
    if "--multiprocessing-fork" in sys.orig_argv or _is_multiprocessing_child(sys.orig_argv):
        _finish_when_terminated()
    _begin_profile()


def _begin(folder: Path) -> None:
    from perfkit.launcher.spilling import SpillingRecord

    # process numbers are used again, moments are not
    recording = SpillingRecord(folder / f"{os.getpid()}-{time.monotonic_ns()}.part")
    recording.__enter__()
    _processes[:] = [_Process(recording, folder)]


def _begin_in_fork() -> None:
    with suppress(Exception):
        inherited = _processes[0]
        inherited.recording.abandon()
        inherited.finished = True
        _begin(inherited.folder)
        if "multiprocessing" in sys.modules:
            _finish_when_terminated()


def _is_multiprocessing_child(words: list[str]) -> bool:
    return any("multiprocessing" in word and "spawn_main" in word for word in words)


def _begin_profile() -> None:
    wanted = os.environ.pop(PROFILE_VARIABLE, "")
    if wanted:
        from perfkit import profiling

        # counting every allocation would write gigabytes in a long program
        capture = profiling.cpu("program") if wanted == "cpu" else profiling.memory("program", totals=False)
        capture.__enter__()
        _processes[0].capture = capture


def _finishing_first(leave: Any) -> Any:
    @wraps(leave)
    def _exit(status: int) -> Any:
        _finish()
        return leave(status)

    return _exit


def _finish_when_terminated() -> None:
    """The children of multiprocessing are ended by SIGTERM: where nobody handles it, end the part first."""
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return

    def finish(number: int, frame: object) -> None:
        _finish()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    signal.signal(signal.SIGTERM, finish)


def _finish() -> None:
    for process in _processes:
        process.finish()
