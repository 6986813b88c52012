"""What the verbs that serve share: until when they do, and what they say at the end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Mapping


def stop_by_signals() -> asyncio.Event:
    """Set once SIGINT or SIGTERM comes; call it inside the loop."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C arrives as KeyboardInterrupt
            loop.add_signal_handler(number, stopped.set)
    return stopped


def counted(counts: Mapping[str, int]) -> str:
    """Counts in one line.

    >>> counted({"open": 1, "reset": 0})
    'open 1, reset 0'
    """
    return ", ".join(f"{name} {number}" for name, number in counts.items())
