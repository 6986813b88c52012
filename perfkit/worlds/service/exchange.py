"""One request from its admission to its answer: the worker it waits for, its handler, what it costs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from perfkit.worlds.service.behaviour import ERROR, HANG, RESET
from perfkit.worlds.service.messages import Request, Response, problem, response

if TYPE_CHECKING:
    from perfkit.worlds.service.connection import Connection
    from perfkit.worlds.service.limits import Gate
    from perfkit.worlds.service.parsing import Message
    from perfkit.worlds.service.routes import Route
    from perfkit.worlds.service.server import Server
    from perfkit.worlds.workers import WorkerPool


class Exchange:
    """A request that is owed an answer. ``gates`` count it until it has one."""

    __slots__ = ("arrived_ns", "connection", "gates", "message", "server")

    def __init__(
        self, server: Server, connection: Connection, message: Message, gates: list[Gate], arrived_ns: int
    ) -> None:
        self.server, self.connection, self.message = server, connection, message
        self.gates, self.arrived_ns = gates, arrived_ns

    def forget(self) -> None:
        """No longer count it as being served."""
        for gate in self.gates:
            gate.leave()

    def answer(self, answer: Response, fault: str = "") -> None:
        """Send it, or do with it what the fault says."""
        self.forget()
        if self.connection.gone:
            self.server.counts["given_up"] += 1
            return
        took_ms = (self.server.now_ns() - self.arrived_ns) / 1e6
        head, body = answer.encoded(
            head_only=self.message.method == "HEAD",
            keep_alive=self.message.keep_alive,
            extra=f"Server-Timing: app;dur={took_ms:.6f}\r\n",
        )
        if fault == HANG:
            return
        send = self.connection.cut if fault == RESET else self.connection.answer
        write_ns = self.server.write_ns(len(body))
        if write_ns:
            asyncio.get_running_loop().call_later(write_ns / 1e9, send, head, body)
        else:
            send(head, body)


class Work:
    """What a worker does: the handler first, since the rows of its answer cost, then the service time."""

    __slots__ = ("exchange", "fault", "pool", "request", "route", "turn")

    def __init__(self, exchange: Exchange, route: Route, request: Request, pool: WorkerPool) -> None:
        self.exchange, self.route, self.request, self.pool = exchange, route, request, pool
        self.fault = ""
        # counted by route: which of two routes is asked first must not decide what either takes
        self.turn = exchange.server.counts[route.name]

    def begin(self) -> None:
        """Wait for a worker."""
        self.pool.take(self._start)

    def _start(self) -> None:
        server, behaviour = self.exchange.server, self.route.behaviour
        if server.stopped:
            return
        self.fault = behaviour.fault(server.seed, server.host, self.request.number)
        if self.fault:
            server.counts[f"fault: {self.fault}"] += 1
        if self.fault == ERROR:
            self._serve(problem(500, "a fault that was asked for", X_Error="fault"))
            return
        try:
            answer = self.route.handler(self.request)
            if hasattr(type(answer), "__await__"):
                server.run(self._wait_for(answer))
                return
            ready = response(answer)
        except Exception as error:
            ready = server.failed(self.route, error)
        self._serve(ready)

    async def _wait_for(self, answer: Awaitable[Any]) -> None:
        try:
            ready = response(await answer)
        except asyncio.CancelledError:  # the service stops, or the handler has cancelled itself
            self.exchange.connection.abort()
            self.exchange.forget()
            self.pool.release()
            raise
        except Exception as error:
            ready = self.exchange.server.failed(self.route, error)
        self._serve(ready)

    def _serve(self, answer: Response) -> None:
        server = self.exchange.server
        route = self.route
        name = f"{server.host} {route.name}"
        cost_ns = route.behaviour.service_ns(server.seed, name, self.turn, answer.rows)
        if cost_ns:
            asyncio.get_running_loop().call_later(cost_ns / 1e9, self._end, answer)
        else:
            self._end(answer)

    def _end(self, answer: Response) -> None:
        self.exchange.answer(answer, self.fault)
        self.pool.release()
