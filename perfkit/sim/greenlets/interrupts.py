"""Ctrl-C in a simulation of threads: KeyboardInterrupt in the main thread, whichever runs just then."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def interrupting(main: Any, hub: Any) -> Iterator[None]:
    """Send interrupts to the greenlet ``main``, unless the process handles or ignores them itself."""
    from greenlet import getcurrent

    def interrupt(_number: int, _frame: Any) -> None:
        current = getcurrent()
        if current is main or not main:  # it has not started yet, or is over
            raise KeyboardInterrupt
        if current is not hub:
            hub.loop.run_callback(current.switch)
        main.throw(KeyboardInterrupt)

    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
