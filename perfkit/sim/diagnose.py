"""Says where tasks wait: the text of a deadlock error."""

from __future__ import annotations

import os
import re
import sys
import sysconfig
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from types import FrameType

_SHOWN = 10
_LINES = 5
_STDLIB = sysconfig.get_paths()["stdlib"]


def deadlock_report(now_ns: int, tasks: list[asyncio.Task[Any]]) -> str:
    """What waits for ever, and on which line; at most ten tasks by name."""
    lines = [f"  {_name(task, number)}: {where(task)}" for number, task in enumerate(tasks[:_SHOWN], 1)]
    if len(tasks) > _SHOWN:
        lines.append(f"  and {len(tasks) - _SHOWN} more")
    many = "1 task waits" if len(tasks) == 1 else f"{len(tasks)} tasks wait"
    headline = (
        f"deadlock at {now_ns / 1e9:g} s of virtual time: {many} and nothing is scheduled that could wake "
        "them. Look for a lock or a connection that is never released, or a result that is never set:"
    )
    return "\n".join([headline, *lines])


def where(task: asyncio.Task[Any]) -> str:
    """The innermost line that a task waits at, and how it came there.

    Of the application at most five lines are shown, of libraries the innermost ones.
    """
    frames = [frame for frame in _frames(task.get_coro()) if not _is_watching(frame)]
    if not frames:
        return "nowhere: it has not started"
    frames.reverse()
    chain = [frames[0]]
    chain += [frame for frame in frames if not _in_stdlib(frame) and not _in_library(frame)][:_LINES]
    library = next((frame for frame in frames if not _in_stdlib(frame)), frames[0])
    chain.insert(1, library)
    return ", from ".join(_place(frame) for frame in dict.fromkeys(chain))


def _frames(coroutine: Any) -> list[FrameType]:
    frames: list[FrameType] = []
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is not None:
            frames.append(frame)
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)
    return frames


def _is_watching(frame: FrameType) -> bool:
    """Whether it is a probe's, between the application and the library."""
    return str(frame.f_globals.get("__name__", "")).startswith(("perfkit.probes.", "perfkit.tracing."))


def _in_stdlib(frame: FrameType) -> bool:
    name = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    return name in sys.stdlib_module_names and frame.f_code.co_filename.startswith((_STDLIB, "<frozen"))


def _in_library(frame: FrameType) -> bool:
    return f"{os.sep}site-packages{os.sep}" in frame.f_code.co_filename


def _place(frame: FrameType) -> str:
    return f"{_shown(frame.f_code.co_filename)}:{frame.f_lineno} in {frame.f_code.co_name}"


def _name(task: asyncio.Task[Any], number: int) -> str:
    """The name it was given; asyncio's own count goes on from run to run, so it is counted anew here."""
    name = task.get_name()
    return f"task {number}" if re.fullmatch(r"Task-\d+", name) else name


def _shown(file: str) -> str:
    """The file without what is particular to this machine, where that can be told."""
    for folder in (_STDLIB, os.getcwd()):
        if file.startswith(folder + os.sep):
            return file.removeprefix(folder + os.sep)
    return file.rpartition(f"site-packages{os.sep}")[2]
