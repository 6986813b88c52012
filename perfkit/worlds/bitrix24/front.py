"""The portal's light HTTP front: callbacks on a protocol of its own, for days of a hundred thousand requests.

It answers as the front on aiohttp.web does (``app``), to the nanosecond of virtual time, in a fraction of the
real time. It serves in the simulation and on real sockets alike.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from perfkit.worlds.bitrix24.admin import PREFIX
from perfkit.worlds.bitrix24.desk import Desk, Sent, head_of, without_a_call
from perfkit.worlds.bitrix24.reading import MAX_BODY_BYTES, VERBS, Where, read_call, read_path, split_target
from perfkit.worlds.service.connection import Connection
from perfkit.worlds.service.connections import Connections
from perfkit.worlds.service.messages import problem

if TYPE_CHECKING:
    from perfkit.worlds.bitrix24.answers import Reply
    from perfkit.worlds.service.parsing import BadMessageError, Message


class Front(Connections):
    """One start of the portal. ``connection`` is the protocol factory for ``create_server``."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.loop = asyncio.get_running_loop()
        self._rtt_s = desk.portal.config.rtt_ns / 1e9

    def connection(self) -> Connection:
        """The protocol of a new connection."""
        return Connection(self, MAX_BODY_BYTES)

    async def stop(self) -> None:
        """End all connections at once; requests that wait are never begun."""
        self.stopped = True
        await self.end_connections()

    # What connections call

    def not_understood(self, error: BadMessageError) -> bytes:
        """The answer to what is no request."""
        return b"".join(problem(error.status, str(error)).encoded(head_only=False, keep_alive=False))

    def receive(self, connection: Connection, message: Message) -> None:
        """A request has come out of a connection; without a modelled link it waits for its round trip."""
        if not self._rtt_s:
            self._admit(connection, message)
            return
        trips = 2 if connection.fresh else 1  # the kernel's handshake cannot be held back
        self.loop.call_later(self._rtt_s * trips, self._admit, connection, message)

    # The way of a request

    def _admit(self, connection: Connection, message: Message) -> None:
        if self.stopped:
            return
        path, query = split_target(message.target)
        where = read_path(path)
        if where is None or message.method not in VERBS:
            admin = self.desk.admin
            if admin is not None and path.startswith(PREFIX):
                send(connection, message, admin.handle(message.method, path, query, message.body))
            else:
                send(connection, message, without_a_call(message.method, known=where is not None))
            return
        turn = Turn(self, connection, message, where, query)
        refusal = self.desk.refuse(where, connection.client)
        turn.number = self.desk.number
        if refusal is None:
            self.desk.workers.take(turn.start)
        else:
            self.loop.call_later(refusal.cost_ns / 1e9, turn.answer, refusal)


class Turn:
    """One request, from its admission to its answer."""

    __slots__ = ("arrived_s", "connection", "front", "message", "number", "query", "queued_s", "where")

    def __init__(
        self, front: Front, connection: Connection, message: Message, where: Where, query: str
    ) -> None:
        self.front, self.connection, self.message = front, connection, message
        self.where, self.query = where, query
        self.arrived_s = front.loop.time()
        self.queued_s = 0.0
        self.number = 0

    def start(self) -> None:
        """A worker takes it: what it costs is known at once, and passes before it is answered."""
        front, message = self.front, self.message
        if front.stopped:
            return
        self.queued_s = front.loop.time() - self.arrived_s
        kind = message.headers.get("content-type", "")
        encoding = message.headers.get("content-encoding", "")
        call = read_call(message.method, self.where, self.query, message.body, kind, encoding)
        reply = front.desk.run(call, self.connection.client, self.number, self.queued_s)
        front.loop.call_later(reply.cost_ns / 1e9, self._end, reply)

    def _end(self, reply: Reply) -> None:
        self.answer(reply)
        self.front.desk.workers.release()

    def answer(self, reply: Reply) -> None:
        """Send the answer; nobody may be there any more."""
        send(self.connection, self.message, self.front.desk.sent(self.where, reply, self.queued_s))


def send(connection: Connection, message: Message, sent: Sent) -> None:
    """Write an answer to the connection that its request came from, or do what is done instead."""
    if sent.cut == "reset":
        connection.reset()
    elif sent.cut != "drop":
        write = connection.cut if sent.cut else connection.answer
        write(head_of(sent, keep_alive=message.keep_alive), b"" if message.method == "HEAD" else sent.body)
