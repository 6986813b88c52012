"""The server that is modelled in front of an SQLite file: its link, its workers, its journal."""

from __future__ import annotations

import heapq
import threading
from collections import Counter

from perfkit.worlds.database.sqlite.costs import SqliteCosts


class Server:
    """One server: statements wait in one queue for a free one of its ``workers`` (None: there is always one).

    It has no clock and no callbacks: given when a statement arrives, it tells when that will be done. So it
    is the same for both fronts, and in virtual and in wall time.
    """

    def __init__(self, rtt_ns: int, costs: SqliteCosts, workers: int | None) -> None:
        self.rtt_ns = rtt_ns
        self.costs = costs
        self._free_ns = [0] * (workers or 0)
        self._counted: Counter[str] = Counter(connects=0, queries=0, rows=0, steps=0, commits=0)
        self._lock = threading.Lock()

    def connect_ns(self) -> int:
        """How long connecting takes."""
        with self._lock:
            self._counted["connects"] += 1
        return self.costs.connect_trips * self.rtt_ns + self.costs.connect_ns

    def serve(self, arrived_ns: int, steps: int, rows: int, *, committed: bool, query: bool) -> int:
        """Carry out a statement that arrived at some time; when its answer sets out."""
        service_ns = self.costs.service_ns(steps, rows, committed=committed)
        with self._lock:
            self._counted.update(queries=int(query), rows=rows, steps=steps, commits=int(committed))
            if not self._free_ns:
                return arrived_ns + service_ns
            done_ns = max(self._free_ns[0], arrived_ns) + service_ns
            heapq.heapreplace(self._free_ns, done_ns)
            return done_ns

    def counters(self) -> dict[str, int]:
        """What it has done so far."""
        return dict(self._counted)


_servers: dict[str, Server] = {}
"""Those that were started in this process, by the path of their file."""


def register(path: str, server: Server) -> None:
    """Let connections to the file be connections to this server."""
    _servers[path] = server


def forget(path: str) -> None:
    """Its file is gone."""
    _servers.pop(path, None)


def server_of(path: str, otherwise: Server) -> Server:
    """The server that was started here for the file, or else this one from now on."""
    return _servers.setdefault(path, otherwise)
