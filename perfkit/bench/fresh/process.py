"""The server as its parent sees it: started, asked, and killed when its time is up."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from perfkit.bench.fresh.framing import receive, send
from perfkit.bench.fresh.result import Fresh, Task, lost
from perfkit.bench.fresh.state import command, declared

Key = tuple[str, str]
"""A server's file and style."""


class Server:
    """A server process and its pipes, in a session of its own: Ctrl-C is for its parent.

    One that is not ``reusable`` any more is to be closed, and another one started.
    """

    def __init__(self, key: Key, folder: Path | None = None) -> None:
        self.key = key
        self.reusable = True
        self._greeted = self._killed = False
        self._problem = ""
        self._process = subprocess.Popen(  # noqa: S603 - our own Python and module
            command(*key),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=declared(os.environ),
            cwd=folder,
            start_new_session=True,
        )
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        assert self._process.stdout is not None  # noqa: S101 - so is this
        self._to: BinaryIO = self._process.stdin  # type: ignore[assignment]
        self._from: BinaryIO = self._process.stdout  # type: ignore[assignment]

    def ask(self, task: Task, timeout_s: float) -> list[Fresh]:
        """The task's results. Starting, with the import of the scenario's file, gets the same time again."""
        try:
            with self._limited(timeout_s):
                self._greet()
            if self._problem:
                return lost(task.job, "skipped", self._problem)
            with self._limited(timeout_s):
                send(self._to, pickle.dumps(task))
                found: list[Fresh] = pickle.loads(receive(self._from))  # noqa: S301 - from our own child
        except TimeoutError:
            return lost(task.job, "timeout", f"no answer after {timeout_s:g} s of real time; stopped")
        except (EOFError, OSError):
            self.reusable = False
            return lost(task.job, "failed", f"its process ended with exit code {self._process.wait()}")
        return found

    def _greet(self) -> None:
        if not self._greeted:
            self.reusable, self._problem = pickle.loads(receive(self._from))  # noqa: S301 - as above
            self._greeted = True

    @contextlib.contextmanager
    def _limited(self, timeout_s: float) -> Iterator[None]:
        """Kill it when the block takes longer, and raise TimeoutError then."""
        deadline = time.monotonic() + timeout_s
        timer = threading.Timer(timeout_s, self.kill)
        timer.start()
        try:
            yield
        except (EOFError, OSError) as error:
            self.reusable = False
            if time.monotonic() >= deadline:
                raise TimeoutError from error
            raise
        finally:
            timer.cancel()

    def kill(self) -> None:
        """End it and what it has forked; any thread may."""
        if self._killed:
            return
        self._killed = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()

    def close(self) -> None:
        """Kill it and put everything away; for the thread that asks."""
        self.kill()
        self._process.wait()
        for pipe in (self._to, self._from):
            with contextlib.suppress(OSError):
                pipe.close()
