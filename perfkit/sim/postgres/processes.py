"""The real server's processes, where they run on this machine: held up, so that locks pass on in order.

Sessions that wait for the same row all wake when it is let go, and then race for it. Held up by SIGSTOP and
let on one by one, they cannot. A process is only touched if its title says that it serves our connection.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


class Processes:
    """Which server processes are held up now."""

    def __init__(self) -> None:
        self._held: dict[int, None] = {}

    @staticmethod
    def is_ours(pid: int, client_port: int) -> bool:
        """Whether process ``pid`` of this machine is the one that serves the connection from this port.

        PostgreSQL gives its processes titles such as "postgres: ann shop 127.0.0.1(53172) idle". Where
        these cannot be read (no /proc, a server in a container or on another machine), no process is ours.
        """
        try:
            title = Path(f"/proc/{pid}/cmdline").read_bytes()
            os.kill(pid, 0)
        except OSError:
            return False
        return title.startswith(b"postgres: ") and b"(%d) " % client_port in title

    def hold(self, pids: Iterable[int]) -> None:
        """Hold processes up that wait for a lock."""
        for pid in pids:
            with suppress(OSError):
                os.kill(pid, signal.SIGSTOP)
                self._held[pid] = None

    def let_on(self, pid: int) -> None:
        """Let one run on."""
        if pid in self._held:
            del self._held[pid]
            with suppress(OSError):
                os.kill(pid, signal.SIGCONT)

    def let_all_on(self) -> None:
        """Let all run on."""
        for pid in list(self._held):
            self.let_on(pid)
