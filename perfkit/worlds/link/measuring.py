"""What a link delivers, beside what it was asked for."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import dataclass

from perfkit.sim import Link
from perfkit.worlds.link.proxy import LinkProxy

MEASURED_S = 0.5
MAX_TRIPS = 50
MIN_TRIPS = 5


@dataclass(frozen=True)
class Delivered:
    """Round trips that were measured through a link, from a client's send until its answer was there."""

    asked_ns: int
    trips_ns: tuple[int, ...]

    def quantile_ns(self, share: float) -> int:
        """The round trip that a ``share`` of those measured did not exceed."""
        ordered = sorted(self.trips_ns)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def __str__(self) -> str:
        """As people read it.

        >>> str(Delivered(5_000_000, (5_100_000, 5_200_000, 5_900_000)))
        'asked 5.00 ms, delivers 5.20 ms (p99 5.90 ms)'
        """
        p50, p99 = self.quantile_ns(0.5) / 1e6, self.quantile_ns(0.99) / 1e6
        return f"asked {self.asked_ns / 1e6:.2f} ms, delivers {p50:.2f} ms (p99 {p99:.2f} ms)"


async def measure(link: Link, *, trips: int | None = None) -> Delivered:
    """Send bytes to an echo of our own over such a link, on this loop, from a thread.

    Without ``trips``: as many as half a second has room for, from 5 to 50.
    """
    if trips is None:
        trips = max(MIN_TRIPS, min(MAX_TRIPS, int(MEASURED_S * 1e9 / (link.rtt_ns or 1))))
    loop = asyncio.get_running_loop()
    echo = await loop.create_server(_Echo, "127.0.0.1", 0)
    try:
        async with LinkProxy(echo.sockets[0].getsockname()[:2], link) as proxy:
            measured = await asyncio.to_thread(_ping, proxy.address, trips)
    finally:
        echo.close()
        await echo.wait_closed()
    return Delivered(link.rtt_ns, measured)


def _ping(address: tuple[str, int], trips: int) -> tuple[int, ...]:
    with socket.create_connection(address) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return tuple(_trip(client) for _ in range(trips + 1))[1:]  # the first one waits for the handshake


def _trip(client: socket.socket) -> int:
    start_ns = time.perf_counter_ns()
    client.sendall(b"ping")
    client.recv(4)
    return time.perf_counter_ns() - start_ns


class _Echo(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)  # type: ignore[attr-defined]  # a transport of a socket can
