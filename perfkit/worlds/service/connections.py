"""The connections of a server that has been started, from their opening to their end."""

from __future__ import annotations

import asyncio

from perfkit.worlds.service.connection import Connection


class Connections:
    """What servers share that serve by ``Connection``. ``stopped``: nothing new is begun."""

    def __init__(self) -> None:
        self.stopped = False
        self._connections: dict[Connection, None] = {}
        self._empty = asyncio.Event()

    def joined(self, connection: Connection) -> None:
        """A connection has been opened."""
        if self.stopped:  # it was accepted in the last moment
            connection.abort()
        self._connections[connection] = None
        self._empty.clear()

    def left(self, connection: Connection) -> None:
        """A connection has ended."""
        self._connections.pop(connection, None)
        if not self._connections:
            self._empty.set()

    async def end_connections(self) -> None:
        """End all at once, and return when they are gone."""
        for connection in list(self._connections):
            connection.abort()
        if self._connections:
            await self._empty.wait()
