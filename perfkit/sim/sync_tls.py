"""TLS of blocking sockets: the handshake's round trips without its cryptography.

Nothing is encrypted and no certificate is checked, read or sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perfkit.sim.blocking import below
from perfkit.sim.sync_connections import block
from perfkit.sim.sync_sockets import SimulatedSocket

if TYPE_CHECKING:
    import ssl


class SimulatedTLSSocket(SimulatedSocket):
    """What ``SSLContext.wrap_socket`` gives for a simulated socket; the wrapped one is closed, as in life."""

    context: ssl.SSLContext
    server_hostname: str | None
    session = None
    session_reused = False
    server_side = False

    def connect(self, address: Any) -> None:
        """Reach an address, then shake hands."""
        super().connect(address)
        if self._handshake_when_connected:
            self.do_handshake()

    _handshake_when_connected = True
    _secure: Any = None

    def do_handshake(self, block: bool = False) -> None:
        """Take the link's round trips for TLS; once."""
        if self._secure is None:
            self._shake_hands()

    def _shake_hands(self) -> None:
        loop, connection = self._loop(), self._connected()
        upgrade = loop.start_tls(
            connection.transport, connection, self.context, server_hostname=self.server_hostname
        )
        task = loop.create_task(upgrade, context=below())
        if not block(loop, task, self._timeout):
            raise TimeoutError("_ssl.c: The handshake operation timed out")
        connection.transport = task.result()
        connection.transport.set_write_buffer_limits(high=0)
        self._secure = connection.transport.get_extra_info("ssl_object")

    def __getattr__(self, name: str) -> Any:
        """``getpeercert``, ``version``, ``cipher`` and the like: the loop's stand-in knows them."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._secure, name)

    def read(self, size: int = 1024, buffer: Any = None) -> Any:
        """As ``recv`` and ``recv_into``."""
        return self.recv(size) if buffer is None else self.recv_into(buffer, size)

    def write(self, data: Any) -> int:
        """As ``send``."""
        return self.send(data)

    def pending(self) -> int:
        """Bytes that ``recv`` gives at once."""
        return len(self._connection.data) if self._connection else 0


def wrap_socket(
    context: ssl.SSLContext,
    sock: SimulatedSocket,
    server_side: bool = False,
    do_handshake_on_connect: bool = True,
    suppress_ragged_eofs: bool = True,
    server_hostname: str | bytes | None = None,
    session: Any = None,
) -> SimulatedTLSSocket:
    """``SSLContext.wrap_socket`` for a simulated socket, of the client's side."""
    if server_side:
        raise ValueError("a simulated socket is always a client's")
    if context.check_hostname and not server_hostname:
        raise ValueError("check_hostname requires server_hostname")
    secure: SimulatedTLSSocket = SimulatedTLSSocket(sock.family)
    secure.context = context
    secure.server_hostname = (
        server_hostname.decode() if isinstance(server_hostname, bytes) else server_hostname
    )
    secure.settimeout(sock.gettimeout())
    secure._handshake_when_connected = do_handshake_on_connect
    secure._connection, sock._connection = sock._connection, None
    sock.close()
    if secure._connection is not None and do_handshake_on_connect:
        secure.do_handshake()
    return secure
