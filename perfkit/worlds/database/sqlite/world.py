"""SQLite as if it were a server at the other end of a link: the database that needs no installation."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perfkit.errors import UsageError, WorldError
from perfkit.model import HostFacts, WorldInfo
from perfkit.worlds.base import WHOLE, Running
from perfkit.worlds.database.access import HOST, DatabaseAccess
from perfkit.worlds.database.dataset import Dataset, Load, plain, quoted
from perfkit.worlds.database.pending import Pending
from perfkit.worlds.database.sqlite import aconnection, connection
from perfkit.worlds.database.sqlite.costs import SqliteCosts
from perfkit.worlds.database.sqlite.scratch import scratch
from perfkit.worlds.database.sqlite.server import Server, forget, register, server_of
from perfkit.worlds.database.sqlite.session import DATABASE, LOCK_TIMEOUT_S

if TYPE_CHECKING:
    from perfkit.sim import Network

_OPTIONS = {
    "timeout": 0,  # SQLite's own wait for locks would be real time, and stop everybody else
    "cached_statements": 0,  # a statement that was used before would count its steps on from there
    "check_same_thread": False,  # a server does not know the threads of its clients
}


class Sqlite:
    """A database ``rtt_ms`` milliseconds away that is SQLite in fact, with a modelled link and server.

    ``load(size, seed)`` gives its data. Each statement, batch (``executemany``), commit and rollback costs
    one round trip and what ``costs`` say; all rows come with the answer. BEGIN is sent along with the
    statement that needs it. Its time is counted in steps of SQLite's virtual machine, so that it is the same
    on every machine with the same SQLite. ``workers`` statements are carried out at once (None: all).
    Readers do not wait for writers (WAL). A writer waits for another as SQLite has it, in pauses of 1 to
    100 ms, for 5 s (``timeout=`` of ``connect``).

    Not modelled: bandwidth, jitter, a cold disk, and what PostgreSQL's planner would do differently.

        Scenario("jobs", world=Sqlite(load, rtt_ms=2.0), ...)
    """

    def __init__(
        self,
        load: Load,
        *,
        rtt_ms: float = 1.0,
        workers: int | None = None,
        costs: SqliteCosts | None = None,
        host: str = HOST,
        title: str = "",
    ) -> None:
        if not rtt_ms >= 0:
            raise UsageError(f"rtt_ms must be 0 or more, not {rtt_ms}")
        if workers is not None and (not isinstance(workers, int) or workers < 1):
            raise UsageError(f"workers={workers!r}: give a whole number from 1, or None for no limit")
        self.load = load
        self.rtt_ns = round(rtt_ms * 1e6)
        self.workers = workers
        self.costs = costs or SqliteCosts()
        self.host = host
        self.title = title
        self._loaded: tuple[tuple[int, int], bytes] | None = None

    def info(self, name: str) -> WorldInfo:
        """Round trip, workers and costs, as reports show them."""
        costs = self.costs
        facts = {
            "round trip": f"{self.rtt_ns / 1e6:g} ms",
            "workers": str(self.workers or "unlimited"),
            "statement": f"{costs.statement_ns / 1e3:g} us + {costs.step_ns} ns a step of SQLite "
            f"{sqlite3.sqlite_version} + {costs.row_ns} ns a row",
            "commit": f"{costs.commit_ns / 1e3:g} us",
        }
        return WorldInfo(name, self.title or name, self.rtt_ns, facts, database="sqlite")

    @asynccontextmanager
    async def start(self, size: int, seed: int, network: Network | None) -> AsyncIterator[Running]:
        """A file of its own with the data, removed at the end."""
        with scratch() as folder:
            path = folder / DATABASE
            self._make(path, size, seed)
            server = self._server()
            register(str(path), server)
            try:
                yield Running({WHOLE: str(path)}, server.counters)
            finally:
                forget(str(path))

    def access(self, addresses: Mapping[str, str], size: int, seed: int, clock: str) -> DatabaseAccess:
        """Connections to the file, through the link."""
        path = addresses[WHOLE]
        server = server_of(path, self._server())
        return DatabaseAccess(
            path,
            size,
            seed,
            clock,
            dialect="sqlite",
            connect=partial(_connect, path, server, self.host),
            connect_async=partial(_connect_async, path, server, self.host),
        )

    def host_facts(self, addresses: Mapping[str, str]) -> list[HostFacts]:
        """Its round trip."""
        return [HostFacts(self.host, rtt_ns=self.rtt_ns)]

    def _server(self) -> Server:
        return Server(self.rtt_ns, self.costs, self.workers)

    def _make(self, path: Path, size: int, seed: int) -> None:
        """A file with the data: loaded once for the same size and seed."""
        if self._loaded is None or self._loaded[0] != (size, seed):
            fill(path, self.load(size, seed))
            self._loaded = (size, seed), path.read_bytes()
        else:
            path.write_bytes(self._loaded[1])


def fill(path: Path, dataset: Dataset) -> None:
    """Make an SQLite file that holds the data. WorldError where it cannot be loaded."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")  # readers and a writer do not wait for each other
        database.execute("PRAGMA synchronous = OFF")
        try:
            database.execute("BEGIN")
            for table in dataset.tables:
                for statement in table.create("sqlite"):
                    database.execute(statement)
                marks = ", ".join("?" * len(table.columns))
                database.executemany(
                    f"INSERT INTO {quoted(table.name)} VALUES ({marks})",  # noqa: S608
                    (tuple(map(plain, row)) for row in table.checked_rows()),
                )
                for statement in table.create_indexes():
                    database.execute(statement)
            for statement in dataset.last_statements("sqlite"):
                database.execute(statement)
            database.execute("COMMIT")
        except sqlite3.Error as error:
            raise WorldError(f"the data cannot be loaded into SQLite: {error}") from error
        database.execute("ANALYZE")


def _connect(path: str, server: Server, host: str, *, timeout: float = LOCK_TIMEOUT_S, **options: Any) -> Any:
    return connection.connect(path, server, host, timeout, **{**_OPTIONS, **options})


def _connect_async(
    path: str, server: Server, host: str, *, timeout: float = LOCK_TIMEOUT_S, **options: Any
) -> Any:
    making = aconnection.connect(path, server, host, timeout, **{**_OPTIONS, **options})
    return Pending(making)
