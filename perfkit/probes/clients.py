"""What probes note of the client that was used: whether it blocks, and which pool a connection is for."""

from __future__ import annotations

from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

from perfkit.tracing import OpenSpan, Recording

_pools: WeakKeyDictionary[Recording, _Numbers] = WeakKeyDictionary()


class _Numbers:
    """Of one recording's pools, in order of their appearance."""

    def __init__(self) -> None:
        self.next = count(1).__next__
        self.known: WeakKeyDictionary[Any, int] = WeakKeyDictionary()


def note_blocking(opened: OpenSpan | None) -> None:
    """Note ``blocking`` on a synchronous client's operation in a task: the event loop waits for it, too."""
    if opened is not None and opened.place is not None and opened.place.task:
        opened.note(blocking=True)


def note_pool(opened: OpenSpan | None, pool: Any) -> None:
    """Note ``pool`` on a new connection: the number in its recording of the pool that keeps it."""
    if opened is None:
        return
    numbers = _pools.setdefault(opened.recording, _Numbers())
    number = numbers.known.get(pool)
    if number is None:
        number = numbers.known[pool] = numbers.next()
    opened.note(pool=number)
