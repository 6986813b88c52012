"""A proxy before any TCP service that makes it as far away, as narrow and as unreliable as asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Self

from perfkit.errors import UsageError, WorldError
from perfkit.sim import Link
from perfkit.worlds.link.faults import Fault
from perfkit.worlds.link.pair import BUFFER_BYTES, Pair

DIRECT = Link()
"""A link that adds nothing."""


@dataclass
class LinkCounters:
    """What a link has carried and done so far; ``unreachable``: the service took no connection."""

    connections: int = 0
    open: int = 0
    unreachable: int = 0
    refused: int = 0
    reset: int = 0
    blackholed: int = 0
    slow_closed: int = 0


class LinkProxy:
    """A link to a TCP service, ``target``, as an address of its own. The path of a Unix socket will do, too.

    Half of the round trip passes each way; jitter is drawn for each chunk and direction, bandwidth is per
    connection and direction. Nothing is lost or overtakes. ``link``, ``faults``, ``refusing`` and
    ``blackhole()`` may be changed at any time, and count for open connections too.

    A proxy cannot delay the handshake of its client's own kernel: connecting is immediate, and the round trip
    that it should have taken is added to the first answer, as the client would have seen it.

        async with LinkProxy(("127.0.0.1", 5432), Link(rtt_ns=5_000_000)) as link:
            host, port = link.address

    Run it on a loop of ``perfkit.worlds.fine_timers``: others round up to whole milliseconds. A ``Link`` with
    ``loss`` is refused (UsageError); its TLS round trips do not matter, as this one carries real TLS.
    """

    def __init__(
        self,
        target: tuple[str, int] | str,
        link: Link = DIRECT,
        *,
        faults: Sequence[Fault] = (),
        seed: int = 0,
    ) -> None:
        self.target = target
        self.link = link
        self.faults = tuple(faults)
        self.seed = seed
        self.refusing = self.stopping = False
        self.counters = LinkCounters()
        self.held = False
        self._buffer = memoryview(bytearray(BUFFER_BYTES))
        self._pairs: dict[int, Pair] = {}
        self._server: asyncio.Server | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> tuple[str, int]:
        """Listen, and return the address; port 0 takes a free one. WorldError if it cannot be had."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(lambda: Pair(self).near, host, port)
        except OSError as error:
            raise WorldError(
                f"cannot listen on {host}:{port}: {error.strerror or error}. "
                "Choose another port, or 0 for any free one."
            ) from error
        return self.address

    async def stop(self) -> None:
        """Close all connections, and listen no more."""
        if self._server is None:
            return
        self.stopping = True  # counts for those that are being accepted just now
        self._server.close()
        for pair in list(self._pairs.values()):
            pair.break_off()
        while self._pairs:
            await asyncio.sleep(0)
        await self._server.wait_closed()
        self._server, self.stopping = None, False

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def link(self) -> Link:
        """How far away the service is. Setting it counts for open connections, too."""
        return self._link

    @link.setter
    def link(self, link: Link) -> None:
        if link.loss:
            raise UsageError(
                f"loss={link.loss}: packets are lost in simulations only; in real time use jitter= "
                "for what a loss costs, or a Fault"
            )
        self._link = link

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens; WorldError before ``start``."""
        if self._server is None:
            raise WorldError("this link has no address: start() it first")
        host, port = self._server.sockets[0].getsockname()[:2]
        return host, port

    def counts(self) -> dict[str, int]:
        """The counters as plain numbers."""
        return asdict(self.counters)

    def reset_all(self) -> int:
        """Reset the connections that are open now; how many there were."""
        pairs = list(self._pairs.values())
        for pair in pairs:
            pair.reset()
        return len(pairs)

    def blackhole(self, held: bool) -> None:
        """Let nothing pass, on any connection; or let it pass again: what has piled up arrives then."""
        self.held = held
        for pair in list(self._pairs.values()):
            pair.hold()

    def _add(self, pair: Pair) -> int:
        number = self.counters.connections
        self.counters.connections += 1
        self.counters.open += 1
        self._pairs[number] = pair
        return number

    def _remove(self, pair: Pair) -> None:
        if self._pairs.pop(pair.number, None) is not None:
            self.counters.open -= 1
