"""Worlds that are one aiohttp.web application: where it is started, and where it is found."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from perfkit.model import HostFacts
from perfkit.worlds.base import WHOLE, Access, Running
from perfkit.worlds.serving import start

if TYPE_CHECKING:
    from aiohttp import web

    from perfkit.sim import Network

HTTP_PORT = 80


class ApplicationWorld:
    """Base of worlds that are an aiohttp.web application behind a link.

    ``host`` is its name on the simulated network, ``rtt_ns`` the round trip to it, ``path`` what follows host
    and port in the URL that strategies get.
    """

    host: str
    rtt_ns: int
    path: str = "/"

    def app(self, size: int, seed: int, *, latency: bool) -> web.Application:
        """A new application holding the data of ``size`` and ``seed``.

        With ``latency`` it delays its answers by the round trip: a real server has no modelled link.
        """
        raise NotImplementedError

    def facts(self, host: str) -> HostFacts:
        """What rules may know about it, reached as ``host``."""
        return HostFacts(host, rtt_ns=self.rtt_ns)

    def access_facts(self) -> dict[str, Any]:
        """What strategies may know about it (``Access.facts``)."""
        return {}

    def counters(self, app: web.Application) -> dict[str, int]:
        """Figures without noise that the application counted itself."""
        return {}

    @asynccontextmanager
    async def start(self, size: int, seed: int, network: Network | None) -> AsyncIterator[Running]:
        """The application on its simulated host, or on a free port of loopback."""
        app = self.app(size, seed, latency=network is None)
        if network is not None:
            from perfkit.sim import Link

            network.connect_host(self.host, Link(rtt_ns=self.rtt_ns))
        where = ("127.0.0.1", 0) if network is None else (self.host, HTTP_PORT)
        runner, base = await start(app, *where)
        base = base if network is None else f"http://{self.host}"
        try:
            yield Running({WHOLE: base + self.path}, partial(self.counters, app))
        finally:
            await runner.cleanup()

    def access(self, addresses: Mapping[str, str], size: int, seed: int, clock: str) -> Access:
        """Where it is, and its facts."""
        return Access(addresses[WHOLE], size, seed, clock, self.access_facts())

    def host_facts(self, addresses: Mapping[str, str]) -> list[HostFacts]:
        """Its facts, under the name that its URL has."""
        return [self.facts(addresses[WHOLE].partition("//")[2].partition("/")[0])]
