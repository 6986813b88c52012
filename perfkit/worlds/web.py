"""A world made of any aiohttp.web application: the mock service of a few lines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from perfkit.errors import UsageError
from perfkit.model import HostFacts, WorldInfo
from perfkit.worlds.applications import ApplicationWorld

if TYPE_CHECKING:
    from aiohttp import web

AppFactory = Callable[[int], "web.Application"]


class WebWorld(ApplicationWorld):
    """One aiohttp.web application behind a link.

    ``make_app(size)`` builds it; ``rtt_ms`` is the round trip in milliseconds; ``batch_size`` how many calls
    one request may carry, if the service has a batch call (rules predict with it).

    >>> WebWorld(lambda size: None, rtt_ms=50).rtt_ns
    50000000
    """

    def __init__(
        self,
        make_app: AppFactory,
        *,
        rtt_ms: float = 20.0,
        host: str = "service.test",
        path: str = "/",
        batch_size: int | None = None,
        title: str = "",
    ) -> None:
        if rtt_ms < 0:
            raise UsageError(f"rtt_ms must be 0 or more, not {rtt_ms}")
        self.make_app = make_app
        self.rtt_ns = round(rtt_ms * 1e6)
        self.host = host
        self.path = path
        self.batch_size = batch_size
        self.title = title

    def info(self, name: str) -> WorldInfo:
        """How reports show this world."""
        facts = {"round trip": f"{self.rtt_ns / 1e6:g} ms"}
        return WorldInfo(name, self.title or name, self.rtt_ns, facts)

    def facts(self, host: str) -> HostFacts:
        """Its round trip, and its batch size if it has one."""
        return HostFacts(host, rtt_ns=self.rtt_ns, batch_size=self.batch_size)

    def app(self, size: int, seed: int, *, latency: bool) -> web.Application:
        """The user's application; with ``latency`` each request waits for the round trip."""
        app = self.make_app(size)
        if latency and self.rtt_ns:
            app.middlewares.insert(0, delay(self.rtt_ns))
        return app


def delay(rtt_ns: int) -> Any:
    """Middleware that holds each request for a round trip, and the first of a connection for two.

    A TCP handshake costs a round trip too, and a server cannot delay that of its own kernel.
    """
    from aiohttp import web

    connected: WeakSet[Any] = WeakSet()

    @web.middleware
    async def delayed(request: web.Request, handler: Any) -> web.StreamResponse:
        known = request.transport in connected
        connected.add(request.transport)
        trips = 1 if known else 2
        await asyncio.sleep(trips * rtt_ns / 1e9)
        answer: web.StreamResponse = await handler(request)
        return answer

    return delayed
