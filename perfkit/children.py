"""Child processes of a command: deaf to Ctrl-C, which is for the parent, and gone when the parent is.

They are spawned and not forked: a fork would inherit the caller's threads and event loops.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

_context = multiprocessing.get_context("spawn")


def start_child(target: Callable[..., None], *arguments: Any) -> tuple[BaseProcess, Connection]:
    """Run ``target(*arguments, pipe)`` in a new process; returns it and our end of the pipe.

    ``target`` calls ``settle_in`` first.
    """
    here, there = _context.Pipe()
    process = _context.Process(target=target, args=(*arguments, there), daemon=True)
    with _deaf_to_interrupts():
        process.start()
    there.close()
    return process, here


def settle_in() -> None:
    """In the child: ignore Ctrl-C, and end when the parent is gone, however it went, out of any loop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True, name="end with parent").start()


def end_child(process: BaseProcess, pipe: Connection) -> None:
    """Kill the process if it still runs, and close the pipe."""
    process.kill()
    process.join()
    pipe.close()


@contextlib.contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """A process started in the block ignores Ctrl-C from its first moment, before it can say so itself."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
