"""Inside the recorded process: start at its first line, end the part when it ends, however it ends.

A fork starts a recording of its own. A process that leaves by ``os._exit`` still ends its part. A child of
multiprocessing that its parent ends by SIGTERM, as a Pool does with its workers, leaves what it did before
its last message; any other process that is killed, all but its last second.
"""

from __future__ import annotations

import atexit
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from perfkit.launcher.spilling import SpillingRecord

FOLDER_VARIABLE = "PERFKIT_RECORD_TO"
PROFILE_VARIABLE = "PERFKIT_PROFILE"
"""Names what to profile beside recording, in the first process only: "cpu" or "memory"."""

EXPLAIN_VARIABLE = "PERFKIT_EXPLAIN"
"""Set where query plans are to be asked for, in every process."""

_CONNECTION = "multiprocessing.connection"


class _Process:
    """The recording of this process."""

    def __init__(self, recording: SpillingRecord, folder: Path) -> None:
        self.recording, self.folder = recording, folder
        self.capture: Any = None
        self.finished = False

    def finish(self) -> None:
        """End the part, once. Nothing escapes: the program's own ending matters more than its recording."""
        if self.finished:
            return
        self.finished = True
        with suppress(BaseException):
            if self.capture is not None:
                self.capture.finish()
            self.recording.finish()


_processes: list[_Process] = []
"""The one that is recorded here; a fork puts its own in place of its parent's."""


def start() -> None:
    """Record this process into the folder named by PERFKIT_RECORD_TO; does nothing without one."""
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder or _processes:
        return
    is_child = any("multiprocessing" in word and "_main" in word for word in sys.orig_argv)
    _begin(Path(folder), is_child=is_child)
    # atexit runs after an uncaught exception, sys.exit and Ctrl-C alike
    atexit.register(_finish)
    os._exit = _finishing_first(os._exit)
    # execl, execvp and the like end in these
    for name in ("execv", "execve"):
        setattr(os, name, _spilling_first(getattr(os, name)))
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_begin_in_fork)
    if is_child:
        _when_imported(_CONNECTION, _spill_before_messages)
    _begin_profile()


def _begin(folder: Path, *, is_child: bool) -> None:
    from perfkit.launcher.spilling import SpillingRecord

    # process numbers are used again, moments are not
    path = folder / f"{os.getpid()}-{time.monotonic_ns()}.part"
    recording = SpillingRecord(path, is_child=is_child, explain=bool(os.environ.get(EXPLAIN_VARIABLE)))
    recording.__enter__()
    _processes[:] = [_Process(recording, folder)]


def _begin_in_fork() -> None:
    with suppress(Exception):
        inherited = _processes[0]
        inherited.recording.abandon()
        inherited.finished = True
        _begin(inherited.folder, is_child="multiprocessing" in sys.modules)
        _when_imported(_CONNECTION, _spill_before_messages)


def _when_imported(name: str, callback: Callable[[], None]) -> None:
    if name in sys.modules:
        callback()
    else:
        from perfkit.probes.importing import when_imported

        when_imported(name, callback)


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


def _spilling_first(replace: Any) -> Any:
    """Another program takes this one's place, unless there is none: then this one goes on."""

    @wraps(replace)
    def exec_(*arguments: Any) -> Any:
        with suppress(Exception):
            _processes[0].recording.spill()
        return replace(*arguments)

    return exec_


def _spill_before_messages() -> None:
    """What a child of multiprocessing has done is in its file before anybody hears of it.

    Its parent may end it by SIGTERM then, as ``with Pool()`` does. A handler for that signal would be no
    help: one that is written in Python does not run while the child waits for a lock.
    """
    connection = sys.modules["multiprocessing.connection"].Connection
    if hasattr(connection.send_bytes, "__wrapped__"):
        return
    send = connection.send_bytes

    @wraps(send)
    def send_bytes(self: Any, *arguments: Any, **options: Any) -> Any:
        with suppress(Exception):
            _processes[0].recording.spill()
        return send(self, *arguments, **options)

    connection.send_bytes = send_bytes


def _finish() -> None:
    for process in _processes:
        process.finish()
