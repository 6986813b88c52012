"""libpq in a simulation: its socket is a pair of ours, and what it writes there crosses a simulated link.

libpq is C: its sockets cannot be simulated, but it waits for them only where psycopg tells it to. So libpq
connects for real to a port of ours; as soon as psycopg first waits for the connection, one end of a socket
pair takes the place of libpq's socket, under the same number, and a simulated connection stands behind the
other end. Bytes of the server reach libpq's socket at their virtual moment.
"""

from __future__ import annotations

import _socket
import os
from typing import TYPE_CHECKING, Any

from perfkit.errors import SimulationError
from perfkit.sim.postgres.channel import Channel

if TYPE_CHECKING:
    from perfkit.sim.addresses import Address
    from perfkit.sim.loop import VirtualLoop

LOCALHOST = "127.0.0.1"

_PATIENCE = 5_000  # times a millisecond


class Bridge:
    """The channels of one simulation, by the number of libpq's socket."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.loop = loop
        self._channels: dict[int, Channel] = {}
        self._listeners: dict[Address, Any] = {}
        self._targets: dict[int, Address] = {}

    def door(self, address: Address) -> int:
        """The real port of LOCALHOST that stands for a simulated address."""
        if address not in self._listeners:
            listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
            listener.bind((LOCALHOST, 0))
            listener.listen(128)
            listener.settimeout(0)
            self._listeners[address] = listener
            self._targets[listener.getsockname()[1]] = address
        return int(self._listeners[address].getsockname()[1])

    def target(self, door: int) -> Address | None:
        """The simulated address that a real port stands for."""
        return self._targets.get(door)

    def doors(self) -> list[tuple[int, Address]]:
        """The real ports and what they stand for."""
        return list(self._targets.items())

    def knows(self, descriptor: int) -> bool:
        """Whether a simulated connection is behind a socket of libpq."""
        return descriptor in self._channels

    def channel(self, descriptor: int) -> Channel:
        """What is behind a socket of libpq."""
        return self._channels[descriptor]

    def open(self, descriptor: int) -> Channel:
        """Put a channel behind a socket that libpq is connecting; it connects while it is waited for."""
        self.close(descriptor)
        address = self._dialled(descriptor)
        channel = self._channels[descriptor] = Channel(self.loop, descriptor)
        channel.connect(address)
        return channel

    def _dialled(self, descriptor: int) -> Address:
        door = _peer_port(descriptor)
        address = self._targets.get(door)
        if address is None:
            raise SimulationError(
                f"libpq connects to port {door} of {LOCALHOST}, which stands for no simulated server: "
                "connect through psycopg.connect() or psycopg.AsyncConnection.connect()"
            )
        _drain(self._listeners[address])
        return address

    def close(self, descriptor: int) -> None:
        """Nothing stands behind this number any more."""
        channel = self._channels.pop(descriptor, None)
        if channel is not None:
            channel.hang_up()

    def close_all(self) -> None:
        """Take everything down."""
        for descriptor in list(self._channels):
            self.close(descriptor)
        for listener in self._listeners.values():
            listener.close()


def _peer_port(descriptor: int) -> int:
    """Whom a socket is connected to; the kernel may need a moment."""
    copy = _socket.socket(fileno=os.dup(descriptor))
    try:
        for attempt in range(_PATIENCE):
            try:
                return int(copy.getpeername()[1])
            except OSError:
                if attempt == _PATIENCE - 1:
                    raise
                _pause()
        raise AssertionError  # the last attempt returns or raises
    finally:
        copy.close()


def _pause() -> None:
    """A REAL millisecond: time.sleep() is virtual here."""
    near, far = _socket.socketpair()
    try:
        near.settimeout(0.001)
        near.recv(1)
    except TimeoutError:
        pass
    finally:
        near.close()
        far.close()


def _drain(listener: Any) -> None:
    """Let go of the real connections, which nothing is sent through."""
    while True:
        try:
            descriptor, _ = listener._accept()
        except OSError:
            return
        os.close(descriptor)
