"""A real PostgreSQL at the other end of a link."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from perfkit.errors import MissingExtraError, UsageError
from perfkit.model import HostFacts, WorldInfo
from perfkit.sim import Link
from perfkit.sim.postgres import Costs, serve_postgres
from perfkit.worlds.base import DELIVERED, WHOLE, Running
from perfkit.worlds.database.access import HOST, DatabaseAccess
from perfkit.worlds.database.dataset import Load
from perfkit.worlds.database.postgres.server import Server, current_server
from perfkit.worlds.link import LinkProxy, measure

if TYPE_CHECKING:
    from perfkit.sim import Network

PORT = 5432


class Postgres:
    """A real PostgreSQL ``rtt_ms`` milliseconds away, or as far as ``link`` says.

    ``load(size, seed)`` gives its data; it is called once for the same two. In virtual time the server
    answers while the clock stands still, and ``costs`` say how long that took. In real time it takes as long
    as it takes, behind a ``LinkProxy``. The server is that of PERFKIT_PG_DSN, or one of our own, which is
    started for this process (see ``postgres.binaries`` for which) and stopped at its end. Each start has a
    database of its own, and drops it at the end.

        Scenario("jobs", world=Postgres(load, rtt_ms=2.0), ...)
    """

    def __init__(
        self,
        load: Load,
        *,
        rtt_ms: float = 1.0,
        link: Link | None = None,
        costs: Costs | None = None,
        host: str = HOST,
        title: str = "",
    ) -> None:
        if not rtt_ms >= 0:
            raise UsageError(f"rtt_ms must be 0 or more, not {rtt_ms}")
        self.load = load
        self.link = link or Link(rtt_ns=round(rtt_ms * 1e6))
        self.costs = costs or Costs()
        self.host = host
        self.title = title

    def info(self, name: str) -> WorldInfo:
        """Round trip and modelled costs, as reports show them."""
        costs = self.costs
        facts = {
            "round trip": f"{self.link.rtt_ns / 1e6:g} ms",
            "workers": str(costs.workers or "unlimited"),
            "statement": f"{costs.statement_ns / 1e3:g} us + {costs.row_read_ns} ns a row read "
            f"+ {costs.row_returned_ns} ns a row returned",
            "commit": f"{costs.commit_ns / 1e3:g} us",
        }
        return WorldInfo(name, self.title or name, self.link.rtt_ns, facts, database="postgres")

    @asynccontextmanager
    async def start(self, size: int, seed: int, network: Network | None) -> AsyncIterator[Running]:
        """A database of its own with the data. A first start in a process also starts the server."""
        server = current_server()
        database = server.create(server.template(self.load, size, seed))
        try:
            serving = self._in_real_time if network is None else partial(self._simulated, network)
            async with serving(server, database) as running:
                yield running
        finally:
            server.drop(database)

    @asynccontextmanager
    async def _simulated(self, network: Network, server: Server, database: str) -> AsyncIterator[Running]:
        with suppress(ImportError):
            import psycopg  # noqa: F401 - the simulation takes it along, and needs all of it for that
        network.connect_host(self.host, self.link)
        async with serve_postgres(self.host, PORT, server=server.dsn(), costs=self.costs) as gate:
            yield Running({WHOLE: server.url(self.host, PORT, database)}, gate.counters)

    @asynccontextmanager
    async def _in_real_time(self, server: Server, database: str) -> AsyncIterator[Running]:
        delivered = await measure(self.link)
        async with LinkProxy(server.address, self.link) as proxy:
            addresses = {
                WHOLE: server.url(*proxy.address, database),
                DELIVERED: str(delivered.quantile_ns(0.5)),
            }
            yield Running(addresses, lambda: {"connections": proxy.counters.connections})

    def access(self, addresses: Mapping[str, str], size: int, seed: int, clock: str) -> DatabaseAccess:
        """Its URL, and psycopg's connections. ``facts`` has ``rtt_ns``: measured, if in real time."""
        url = addresses[WHOLE]
        return DatabaseAccess(
            url,
            size,
            seed,
            clock,
            {"rtt_ns": self._rtt_ns(addresses)},
            dialect="postgresql",
            connect=partial(_connect, url),
            connect_async=partial(_connect_async, url),
        )

    def host_facts(self, addresses: Mapping[str, str]) -> list[HostFacts]:
        """Its round trip: as measured, if in real time."""
        place = urlsplit(addresses[WHOLE])
        return [HostFacts(f"{place.hostname}:{place.port}", rtt_ns=self._rtt_ns(addresses))]

    def _rtt_ns(self, addresses: Mapping[str, str]) -> int:
        return int(addresses.get(DELIVERED, self.link.rtt_ns))


def _psycopg() -> Any:
    try:
        import psycopg
    except ModuleNotFoundError as error:
        raise MissingExtraError("connect() to PostgreSQL", "psycopg", "postgres") from error
    return psycopg


def _connect(url: str, **options: Any) -> Any:
    return _psycopg().connect(url, **options)


def _connect_async(url: str, **options: Any) -> Any:
    from perfkit.worlds.database.pending import Pending

    return Pending(_psycopg().AsyncConnection.connect(url, **options))
