"""Who may measure now: profilers disturb each other, so a thread has one at a time, and memory all threads.

A capture that begins while another is under way is not taken: the caller gets the reason in words.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import partial

lock = threading.RLock()

_suspensions: list[str] = []
_under_way: list[Turn] = []
_inside: ContextVar[Turn | None] = ContextVar("perfkit_capture", default=None)
"""The turn that the code of this context, and of tasks it starts, runs in."""

_watching_forks: set[str] = set()


class Turn:
    """The right to measure, from ``take`` to ``give_back``. ``abandoned``: it was that of a fork's parent."""

    __slots__ = ("abandon_tool", "abandoned", "before", "kind", "name", "thread")

    def __init__(self, kind: str, name: str, abandon: Callable[[], None]) -> None:
        self.kind = kind
        self.name = name
        self.thread = threading.current_thread()
        self.before = _inside.get()
        self.abandoned = False
        self.abandon_tool: Callable[[], None] | None = abandon

    def abandon(self) -> None:
        """End it in a forked child, where it measures nothing."""
        self.abandoned = True
        with suppress(Exception):
            if self.abandon_tool is not None:
                self.abandon_tool()


@contextmanager
def suspended(reason: str) -> Iterator[None]:
    """Within this block, in all threads, captures only call through; each notes ``reason`` as a warning.

    For passes that take times, which no profiler may disturb.
    """
    _suspensions.append(reason)
    try:
        yield
    finally:
        _suspensions.remove(reason)


def take(kind: str, name: str, abandon: Callable[[], None]) -> Turn | str:
    """The right to measure, or the reason why not now. A process forked meanwhile calls ``abandon``."""
    if _suspensions:
        return f"nothing was measured: {_suspensions[-1]}"
    with lock:
        turn = Turn(kind, name, abandon)
        # a cpu capture whose thread has ended measures nothing any more
        _under_way[:] = [other for other in _under_way if other.kind == "memory" or other.thread.is_alive()]
        for other in _under_way:
            if "memory" in (kind, other.kind) or other.thread is turn.thread:
                return _refusal(turn, other)
        hook = sys.getprofile()
        if hook is not None:
            name = getattr(hook, "__qualname__", type(hook).__qualname__)
            return f"nothing was measured: another profiler is at work in this thread ({name})"
        _under_way.append(turn)
    _inside.set(turn)
    return turn


def give_back(turn: Turn) -> None:
    """End a turn; in the context of ``take``, or else that context goes on remembering it."""
    with lock:
        if turn in _under_way:
            _under_way.remove(turn)
    if _inside.get() is turn:
        _inside.set(turn.before)
    # contexts of tasks still running keep the turn: it must not keep what was measured
    turn.before, turn.abandon_tool = None, None


def _refusal(turn: Turn, other: Turn) -> str:
    what = f"the {other.kind} capture {other.name!r}"
    if turn.kind != other.kind:
        return f"nothing was measured: {what} was under way, and each would measure the other"
    if turn.kind == "memory" or turn.before is other:
        return f"nothing was measured by itself: this is a part of {what}, which was under way"
    return f"nothing was measured: {what} was under way in another task, and a thread has one at a time"


def watch_forks(kind: str) -> None:
    """Abandon the turns of this kind in processes forked from now on.

    To be called with the tool at work: memray must have seen to its own forks when it is asked to leave one.
    """
    if kind not in _watching_forks and hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=partial(_abandon_all, kind))
        _watching_forks.add(kind)


def _abandon_all(kind: str) -> None:
    global lock
    lock = threading.RLock()  # another thread may have held the old one
    for turn in [turn for turn in _under_way if turn.kind == kind]:
        turn.abandon()
        _under_way.remove(turn)
