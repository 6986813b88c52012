"""The asyncio task that runs here, without importing asyncio: it is looked for once the program has it.

Called for every span: the two functions replace themselves by asyncio's own.
"""

from __future__ import annotations

import sys
from contextvars import ContextVar
from typing import Any
from weakref import WeakKeyDictionary

from perfkit.tracing.callpath import Path

_job: ContextVar[Path] = ContextVar("perfkit_job", default=())  # greenlets have one each, too
_started_by: WeakKeyDictionary[Any, Path] = WeakKeyDictionary()


def running_loop() -> Any:
    """The event loop that runs in this thread, or None."""
    if not _take_over():
        return None
    return running_loop()


def task_in(loop: Any) -> Any:
    """The task that runs in the running ``loop``, or None."""
    return task_in(loop) if _take_over() else None


def remember_start(task: Any, path: Path) -> None:
    """Note the lines that started a task which has none of the application's on its own stack."""
    _started_by[task] = path


def start_of_task() -> Path:
    """The lines that started the task or the pool's job that runs here, where they were noted; else ()."""
    if not _started_by:
        return _job.get()
    loop = running_loop()
    if loop is None:
        return _job.get()
    task = task_in(loop)
    return () if task is None else _started_by.get(task, ())


def remember_job(path: Path) -> Path:
    """Note the lines that gave this thread what it runs now. Returns what was noted before."""
    before = _job.get()
    _job.set(path)
    return before


def _take_over() -> bool:
    """Whether asyncio has been imported, and that to its end."""
    asyncio = sys.modules.get("asyncio")
    running, current = getattr(asyncio, "_get_running_loop", None), getattr(asyncio, "current_task", None)
    if asyncio is None or running is None or current is None:
        return False
    if sys.version_info < (3, 12):
        # there the public function is written in Python, and this dictionary is what it looks at
        current = asyncio.tasks._current_tasks.get
    globals().update(running_loop=running, task_in=current)
    return True
