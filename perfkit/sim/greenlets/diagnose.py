"""Says where threads wait: the text of a deadlock error in a simulation of greenlets."""

from __future__ import annotations

import gc
import threading
from typing import TYPE_CHECKING, Any

from perfkit.sim.diagnose import _in_stdlib, _is_watching, _place

if TYPE_CHECKING:
    from types import FrameType

_SHOWN = 10
_LINES = 3
_BELOW = ("gevent.", "greenlet", "perfkit.sim.")


def deadlock_report(now_ns: int, runner: Any) -> str | None:
    """Which threads wait for ever, and on which lines; None if there are none.

    ``runner`` is the greenlet of ``run_sync``, which waits for all of them.
    """
    waiting = [f"  {name}: {_stack(frame)}" for name, frame in _waiting_threads(runner)]
    if not waiting:
        return None
    shown = waiting[:_SHOWN] + ([f"  and {len(waiting) - _SHOWN} more"] if len(waiting) > _SHOWN else [])
    many = "1 thread waits" if len(waiting) == 1 else f"{len(waiting)} threads wait"
    headline = (
        f"deadlock at {now_ns / 1e9:g} s of virtual time: {many} and nothing is scheduled that could wake "
        "them. Look for a lock that is never released, a queue that nobody fills, or an answer that is never "
        "sent:"
    )
    return "\n".join([headline, *shown])


def _waiting_threads(runner: Any) -> list[tuple[str, FrameType]]:
    """Names and innermost frames of the threads, in order of their start."""
    from greenlet import greenlet

    frames = {
        id(found): found.gr_frame
        for found in gc.get_objects()
        if isinstance(found, greenlet) and found is not runner and found.gr_frame is not None
    }
    threads = list(threading._active.items())  # type: ignore[attr-defined]  # numbers of greenlets
    return [(thread.name, frames[ident]) for ident, thread in threads if ident in frames]


def _stack(innermost: FrameType) -> str:
    """The innermost line outside of gevent, then those of the application that led there."""
    frames: list[FrameType] = []
    frame: FrameType | None = innermost
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if not name.startswith(_BELOW) and not _is_watching(frame):
            frames.append(frame)
        frame = frame.f_back
    own = [frame for frame in frames[1:] if not _in_stdlib(frame)][:_LINES]
    return ", from ".join(_place(frame) for frame in [*frames[:1], *own]) or "nowhere: it has not started"
