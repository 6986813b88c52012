"""Real, blocking connections to the real server: the virtual clock stands still while they wait."""

from __future__ import annotations

import _socket
from contextlib import suppress

from perfkit.errors import SimulationError

_CONNECT_TIMEOUT_S = 10.0
_SLICE_BYTES = 65_536
_RECEIVE_BYTES = 262_144

Address = tuple[str, int]


class Backend:
    """A connection; not made of ``socket.socket``, which a simulation may have replaced."""

    def __init__(self, server: Address) -> None:
        self._early = b""
        try:
            found = _socket.getaddrinfo(server[0], server[1], 0, _socket.SOCK_STREAM)[0]
            self._socket = _socket.socket(found[0], found[1], found[2])
            self._socket.settimeout(_CONNECT_TIMEOUT_S)
            self._socket.connect(found[4])
            self._socket.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        except OSError as error:
            if hasattr(self, "_socket"):
                self._socket.close()
            raise SimulationError(
                f"the real PostgreSQL at {server[0]}:{server[1]} behind the simulated one cannot be reached "
                f"({error}): start it, or correct server="
            ) from error

    @property
    def port(self) -> int:
        """Our end's port."""
        return int(self._socket.getsockname()[1])

    def send(self, data: bytes | bytearray) -> None:
        """Send all of it; what the server says meanwhile is kept, so that neither waits for the other."""
        view = memoryview(data)
        while view:
            try:
                self._socket.settimeout(0)
                view = view[self._socket.send(view[:_SLICE_BYTES]) :]
            except BlockingIOError:
                self._early += self._now(0.001) or b""
            except OSError:  # it has hung up: what it said last is still to be read
                return

    def receive(self, timeout_s: float | None = None) -> bytes | None:
        """What the server says next: None if nothing came in time, b"" if it has hung up."""
        if self._early:
            early, self._early = self._early, b""
            return early
        return self._now(timeout_s)

    def _now(self, timeout_s: float | None) -> bytes | None:
        self._socket.settimeout(timeout_s)
        try:
            return self._socket.recv(_RECEIVE_BYTES)
        except TimeoutError:
            return None
        except OSError:
            return b""

    def wait_closed(self, timeout_s: float) -> None:
        """Until the server's process has ended, and so let go of its locks."""
        while self.receive(timeout_s):
            pass

    def close(self) -> None:
        """Close the socket."""
        with suppress(OSError):
            self._socket.close()
