"""A service that has been started: its state, queue, limits and counters, and how requests get on.

    arrives -> may it pass? -> waits for a worker -> handler, service time -> answer

Callbacks and not coroutines, since a simulated day has a hundred thousand requests; only a handler that is a
coroutine function gets a task.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from perfkit.worlds.service.behaviour import Behaviour
from perfkit.worlds.service.connection import Connection
from perfkit.worlds.service.connections import Connections
from perfkit.worlds.service.exchange import Exchange, Work
from perfkit.worlds.service.limits import Gate, retry_after_s
from perfkit.worlds.service.messages import Request, Response, problem
from perfkit.worlds.service.parsing import BadMessageError, Message
from perfkit.worlds.workers import WorkerPool

if TYPE_CHECKING:
    from perfkit.worlds.service.distance import Distance
    from perfkit.worlds.service.routes import Route, Router


class Server(Connections):
    """One start of a service. ``connection`` is the protocol factory for ``create_server``."""

    def __init__(
        self,
        router: Router,
        behaviour: Behaviour,
        *,
        host: str,
        size: int,
        seed: int,
        state: Any = None,
        distance: Distance | None = None,
    ) -> None:
        super().__init__()
        self.host, self.size, self.seed, self.state = host, size, seed, state
        self.counts: Counter[str] = Counter()
        self._loop = asyncio.get_running_loop()
        self._router, self._distance = router, distance
        self._pool = WorkerPool(behaviour.workers)
        self._pools = [self._pool]
        self._gate = _gates(behaviour)
        self._places = {route.name: self._place(route) for route in router.routes}
        self._refuse_with = behaviour.refuse_with
        self._arrived = 0
        self._tasks: dict[asyncio.Task[None], None] = {}
        self._told: set[tuple[str, str]] = set()

    def _place(self, route: Route) -> tuple[WorkerPool, list[Gate]]:
        own = route.behaviour.workers
        if own is not None:
            self._pools.append(WorkerPool(own))
        return (self._pool if own is None else self._pools[-1]), self._gate + _gates(route.behaviour)

    def counters(self) -> dict[str, int]:
        """What was counted so far.

        All requests, and those served under the name of their route; those refused by a limit; handlers that
        raised (``errors``); faults by kind; clients that were gone when their answer was ready.
        """
        fixed = {
            "requests": self._arrived,
            "refused": self.counts["refused"],
            "errors": self.counts["errors"],
            "peak_busy": sum(pool.peak_busy for pool in self._pools),
        }
        return {**fixed, **{name: self.counts[name] for name in sorted(self.counts)}}

    async def stop(self) -> None:
        """End all connections and handlers at once; requests that wait are never begun."""
        self.stopped = True
        await asyncio.sleep(0)  # a task that is cancelled before its first step leaves its handler unawaited
        for task in self._tasks:
            task.cancel()
        await self.end_connections()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # What connections call

    def connection(self) -> Connection:
        """The protocol of a new connection."""
        return Connection(self)

    def not_understood(self, error: BadMessageError) -> bytes:
        """The answer to what is no request."""
        self.counts["bad_requests"] += 1
        return b"".join(problem(error.status, str(error)).encoded(head_only=False, keep_alive=False))

    def receive(self, connection: Connection, message: Message) -> None:
        """A request has come out of a connection."""
        self._arrived += 1
        number = self._arrived
        if self._distance is None:
            self._admit(connection, message, number)
            return
        size, fresh = len(message.body), connection.fresh
        wait_ns = self._distance.there_ns(size, number, self.seed, self.host, fresh=fresh)
        self._loop.call_later(wait_ns / 1e9, self._admit, connection, message, number)

    # The way of a request

    def now_ns(self) -> int:
        """The loop's clock; exact in virtual time for 100 days."""
        return round(self._loop.time() * 1e9)

    def _admit(self, connection: Connection, message: Message, number: int) -> None:
        if self.stopped:
            return
        now_ns = self.now_ns()
        route, values, methods = self._router.find(message.method, message.target)
        pool, gates = self._places[route.name] if route else (self._pool, self._gate)
        wait_ns = max([gate.wait_ns(now_ns) for gate in gates]) if gates else 0
        if wait_ns:
            self.counts["refused"] += 1
            status = route.behaviour.refuse_with if route else self._refuse_with
            refusal = problem(status, "too many requests", Retry_After=retry_after_s(wait_ns))
            Exchange(self, connection, message, [], now_ns).answer(refusal)
            return
        for gate in gates:
            gate.enter(now_ns)
        exchange = Exchange(self, connection, message, gates, now_ns)
        if route is None:
            exchange.answer(_no_route(message, methods))
            return
        self.counts[route.name] += 1
        request = Request(message, values, self.size, self.seed, self.state, number)
        Work(exchange, route, request, pool).begin()

    def write_ns(self, size_bytes: int) -> int:
        """How long an answer of that size is under way beyond the round trip."""
        return self._distance.transfer_ns(size_bytes) if self._distance else 0

    def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run a handler that is a coroutine, until the service stops."""
        task = self._loop.create_task(coroutine)
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)

    def failed(self, route: Route, error: Exception) -> Response:
        """The answer to a request whose handler raised; the first of its kind is told to the loop as well."""
        if isinstance(error, BadMessageError):
            return problem(error.status, str(error))
        kind = type(error).__name__.encode("ascii", "replace").decode()
        self.counts["errors"] += 1
        self.counts[f"errors: {kind}"] += 1
        if (route.name, kind) not in self._told:
            self._told.add((route.name, kind))
            what = f"the handler of {route.name} raised {kind}; the client got status 500"
            self._loop.call_exception_handler({"message": what, "exception": error})
        return problem(500, f"{kind}: {_said(error)}", X_Error=kind)


def _said(error: Exception) -> str:
    try:
        return str(error)
    except Exception:  # a __str__ of the user's that raises
        return "(its message cannot be shown)"


def _gates(behaviour: Behaviour) -> list[Gate]:
    return [Gate(behaviour)] if behaviour.per_second or behaviour.max_in_flight else []


def _no_route(message: Message, methods: list[str]) -> Response:
    path = message.target.partition("?")[0]
    if methods:
        allowed = ", ".join(methods)
        return problem(405, f"{path} knows {allowed}, not {message.method}", Allow=allowed)
    return problem(404, f"this service has no route for {path}")
