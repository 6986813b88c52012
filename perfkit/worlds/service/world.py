"""``http``: a mock HTTP service declared in a few lines, as a world."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from perfkit.errors import UsageError, WorldError
from perfkit.model import HostFacts, WorldInfo
from perfkit.sim.distributions import Constant, Distribution
from perfkit.sim.link import Link
from perfkit.worlds.base import WHOLE, Access, Running
from perfkit.worlds.service.behaviour import Options, behaviour, inherited
from perfkit.worlds.service.certificates import make_context, simulated_context
from perfkit.worlds.service.distance import Distance
from perfkit.worlds.service.routes import Handler, Route, Router
from perfkit.worlds.service.server import Server

if TYPE_CHECKING:
    from ssl import SSLContext

    from perfkit.sim import Network

F = TypeVar("F", bound=Handler)
StateFactory = Callable[[int, int], Any]

DEFAULT_RTT_MS = 20.0

CA = "ca"
"""Under which name a service with TLS tells the certificate of its authority beside its address."""

LOOPBACK = "127.0.0.1"

_BACKLOG = 1_024
"""Connections that may wait to be accepted: a strategy may open very many at once."""


def http(
    *,
    rtt_ms: float | None = None,
    host: str = "service.test",
    path: str = "/",
    batch_size: int | None = None,
    title: str = "",
    link: Link | None = None,
    tls: bool = False,
    **options: Unpack[Options],
) -> HttpService:
    """A mock HTTP service ``rtt_ms`` milliseconds away (20); declare its routes with ``get``, ``post``, ...

    ``link`` instead of ``rtt_ms`` says more of the way to it: jitter, bandwidth. With ``tls`` it is https.
    ``host`` is its name on the simulated network, ``path`` what strategies find behind that in ``world.url``;
    routes do not repeat it. ``batch_size`` is how many calls one request may carry, if the service has a
    batch call (rules predict with it). ``options`` are those of a whole service: see ``Options``. Raises
    UsageError for values that make no sense.

    >>> api = http(rtt_ms=50, workers=8, service_ms=30, per_second=100, burst=20)
    >>> @api.get("/jobs/{id}")
    ... def job(request):
    ...     return {"id": request.path["id"], "of": request.size}
    >>> @api.post("/jobs", service_ms=5, per_row_ms=0.1)
    ... async def find(request):
    ...     return [{"id": i} for i in request.json["ids"]]
    >>> api.info("api").facts
    {'round trip': '50 ms', 'service': 'by route', 'workers': '8', 'rate limit': '20 requests, then 100/s'}
    """
    if link is not None and rtt_ms is not None:
        raise UsageError("rtt_ms= and link= both say how far away the service is; give one")
    if not path.startswith("/") or not path.endswith("/"):
        raise UsageError(f"path={path!r}: begin and end it with a slash, as in /api/")
    if link is None:
        link = Link(rtt_ns=_rtt_ns(DEFAULT_RTT_MS if rtt_ms is None else rtt_ms))
    return HttpService(link, host, path, options, tls=tls, batch_size=batch_size, title=title)


class HttpService:
    """What ``http`` makes: routes and how they behave. One can be started many times, also at once."""

    def __init__(
        self,
        link: Link,
        host: str,
        path: str,
        options: Options,
        *,
        tls: bool,
        batch_size: int | None,
        title: str,
    ) -> None:
        self.link, self.host, self.path, self.tls = link, host, path, tls
        self.batch_size, self.title = batch_size, title
        self.behaviour = behaviour(options)
        self._options = options
        self._router = Router()
        self._make_state: StateFactory | None = None

    # Declaring

    def route(self, method: str, path: str, **options: Unpack[Options]) -> Callable[[F], F]:
        """Answer ``method`` on ``path`` with the decorated function; ``/jobs/{id}`` takes any one segment.

        The handler is given a Request and returns what can be sent as JSON, ``(status, that)``, bytes, or a
        Response. It may be a coroutine function, which holds its worker while it waits. One that raises is
        answered with status 500, and named in the counters.
        """

        def declare(handler: F) -> F:
            if not path.startswith("/"):
                raise UsageError(f"a route begins with a slash, as in /jobs/{{id}}; this is {path!r}")
            if not callable(handler):
                raise UsageError(f"the handler of {method} {path} must be a function, not {handler!r}")
            declared = behaviour(inherited(self._options, options))
            self._router.add(Route(method, self.path.rstrip("/") + path, handler, declared))
            return handler

        return declare

    def get(self, path: str, **options: Unpack[Options]) -> Callable[[F], F]:
        """``route("GET", ...)``; HEAD is answered as well."""
        return self.route("GET", path, **options)

    def post(self, path: str, **options: Unpack[Options]) -> Callable[[F], F]:
        """``route("POST", ...)``."""
        return self.route("POST", path, **options)

    def put(self, path: str, **options: Unpack[Options]) -> Callable[[F], F]:
        """``route("PUT", ...)``."""
        return self.route("PUT", path, **options)

    def patch(self, path: str, **options: Unpack[Options]) -> Callable[[F], F]:
        """``route("PATCH", ...)``."""
        return self.route("PATCH", path, **options)

    def delete(self, path: str, **options: Unpack[Options]) -> Callable[[F], F]:
        """``route("DELETE", ...)``."""
        return self.route("DELETE", path, **options)

    def state(self, factory: StateFactory) -> StateFactory:
        """Make ``request.state``, once per start, with the decorated ``factory(size, seed)``."""
        if self._make_state is not None:
            raise UsageError(f"the service {self.host} has two factories of its state; keep one")
        if inspect.iscoroutinefunction(factory) or not callable(factory):
            raise UsageError("@api.state needs a plain function of (size, seed)")
        self._make_state = factory
        return factory

    # Being a world

    def info(self, name: str) -> WorldInfo:
        """Round trip, service time, workers and limits, as reports show them."""
        how = self.behaviour
        by_route = any(route.behaviour.service != how.service for route in self._router.routes)
        facts = {
            "round trip": f"{self.link.rtt_ns / 1e6:g} ms",
            "service": "by route" if by_route else _shown(how.service),
            "workers": "no limit" if how.workers is None else str(how.workers),
            "rate limit": f"{how.burst} requests, then {how.per_second:g}/s" if how.per_second else "none",
        }
        return WorldInfo(name, self.title or name, self.link.rtt_ns, facts)

    @asynccontextmanager
    async def start(self, size: int, seed: int, network: Network | None) -> AsyncIterator[Running]:
        """Serve on the simulated host, or on a free port of loopback; see ``World.start``."""
        server = Server(
            self._router,
            self.behaviour,
            host=self.host,
            size=size,
            seed=seed,
            state=self._make_state(size, seed) if self._make_state else None,
            distance=Distance(self.link, self.tls) if network is None else None,
        )
        context, ca_pem = self._tls(simulated=network is not None)
        if network is not None:
            network.connect_host(self.host, self.link)
            where = (self.host, 443 if self.tls else 80)
        else:
            where = (LOOPBACK, 0)
        listening = await _listen(server, *where, context)
        scheme = "https" if self.tls else "http"
        port = listening.sockets[0].getsockname()[1]
        base = f"{scheme}://{self.host}" if network is not None else f"{scheme}://{LOOPBACK}:{port}"
        try:
            trusted = {CA: ca_pem} if self.tls else {}
            yield Running({WHOLE: base + self.path, **trusted}, server.counters)
        finally:
            listening.close()
            await server.stop()
            await listening.wait_closed()

    def _tls(self, *, simulated: bool) -> tuple[SSLContext | None, str]:
        if not self.tls:
            return None, ""
        return simulated_context(self.host) if simulated else make_context(LOOPBACK)

    def access(self, addresses: Mapping[str, str], size: int, seed: int, clock: str) -> Access:
        """Its URL; the facts are ``burst`` and ``per_second`` of the rate limit (None: there is none).

        With TLS ``ca_pem`` is the authority that clients have to trust, as
        ``ssl.create_default_context(cadata=world.facts["ca_pem"])`` does.
        """
        how = self.behaviour
        facts: dict[str, Any] = {"burst": how.burst if how.per_second else None, "per_second": how.per_second}
        if self.tls:
            facts["ca_pem"] = addresses[CA]
        return Access(addresses[WHOLE], size, seed, clock, facts)

    def host_facts(self, addresses: Mapping[str, str]) -> list[HostFacts]:
        """Round trip, batch size and rate limit, for predictions."""
        how = self.behaviour
        named = addresses[WHOLE].partition("//")[2].partition("/")[0]
        burst = how.burst if how.per_second else None
        return [HostFacts(named, self.link.rtt_ns, self.batch_size, burst, how.per_second)]


async def _listen(server: Server, host: str, port: int, context: SSLContext | None) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    try:
        return await loop.create_server(server.connection, host, port, ssl=context, backlog=_BACKLOG)
    except OSError as error:
        raise WorldError(
            f"cannot serve on {host}:{port}: {error.strerror or error}. Give each service its own host="
        ) from error


def _rtt_ns(rtt_ms: float) -> int:
    if not isinstance(rtt_ms, (int, float)) or not 0 <= rtt_ms < float("inf"):
        raise UsageError(f"rtt_ms must be 0 or more, not {rtt_ms!r}")
    return round(rtt_ms * 1e6)


def _shown(service: Distribution) -> str:
    return f"{service.duration_ns / 1e6:g} ms" if isinstance(service, Constant) else repr(service)
