"""TLS on a simulated network: what a handshake costs and what libraries look at, without any cryptography.

Both ends that leave TLS to the event loop (``ssl=``, ``start_tls``) exchange short signals for as many round
trips as the link says, then send their data as it is. No certificate is read or verified, nothing agreed on:
``getpeercert()`` is empty and ``selected_alpn_protocol()`` None. Signals and records take no bandwidth.

A client that does TLS itself, as httpx does, sends a real ClientHello. The server then speaks real TLS, with
the context it was given; that needs a certificate the client trusts, and takes real computing time.
"""

from __future__ import annotations

import asyncio
import ssl
from asyncio.sslproto import SSLProtocol
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from perfkit.sim.transports import MemoryTransport

HANDSHAKE_TIMEOUT_S = 60.0
"""As in asyncio (``asyncio.constants.SSL_HANDSHAKE_TIMEOUT``)."""

# A server without TLS takes them for a bad request; the empty line makes it answer at once.
_ASK, _ANSWER, _DONE = (b"\x00perfkit TLS %s\r\n\r\n" % mark for mark in (b"?", b"!", b"."))
_START, _SIZE = _ASK[:-5], len(_ASK)

# A handshake record of any TLS version (RFC 8446, 5.1).
_REAL_HELLO = b"\x16\x03"

_TLS_1_3 = ("TLSv1.3", ("TLS_AES_256_GCM_SHA384", "TLSv1.3", 256))
_TLS_1_2 = ("TLSv1.2", ("ECDHE-RSA-AES256-GCM-SHA384", "TLSv1.2", 256))


class SimulatedTLS:
    """Stands in for ``ssl.SSLObject`` in ``get_extra_info("ssl_object")``."""

    session: None = None
    session_reused = False

    def __init__(self, context: ssl.SSLContext, round_trips: int, hostname: str | None, server: bool) -> None:
        self.context, self.server_hostname, self.server_side = context, hostname, server
        self._version, self._cipher = _TLS_1_3 if round_trips < 2 else _TLS_1_2

    def version(self) -> str:
        """The version whose handshake takes that many round trips."""
        return self._version

    def cipher(self) -> tuple[str, str, int]:
        """One that is usual for the version."""
        return self._cipher

    def shared_ciphers(self) -> list[tuple[str, str, int]]:
        """That one."""
        return [self._cipher]

    def getpeercert(self, binary_form: bool = False) -> dict[str, Any] | None:
        """Empty, as for a certificate that was not verified; there are no bytes of one."""
        return None if binary_form else {}

    def selected_alpn_protocol(self) -> None:
        """None: a context does not tell what it was set to offer."""

    def compression(self) -> None:
        """None."""

    def get_channel_binding(self, _kind: str = "tls-unique") -> None:
        """None: without cryptography there is nothing to bind to."""

    def pending(self) -> int:
        """Nothing is ever waiting to be decrypted."""
        return 0


class _Handshake(asyncio.Protocol):
    """One end, for as long as the handshake takes; ``waiter`` gets the transport to go on with."""

    def __init__(
        self, transport: MemoryTransport, context: ssl.SSLContext, hostname: str | None = None
    ) -> None:
        self.waiter: asyncio.Future[asyncio.Transport] = transport._loop.create_future()
        self._transport, self._context, self._hostname = transport, context, hostname
        self._got = b""
        self._round_trips = 0

    def begin(self) -> None:
        """Say the first word, if it is up to this end."""

    def data_received(self, data: bytes) -> None:
        self._got += data
        while self._got and not self.waiter.done():
            if not self._got.startswith(_START[: len(self._got)]):
                self._foreign()
                return
            if len(self._got) < _SIZE:
                return
            signal, self._got = self._got[:_SIZE], self._got[_SIZE:]
            self._signalled(signal)

    def eof_received(self) -> None:
        self._fail(ConnectionResetError("the connection was closed during the TLS handshake"))

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or ConnectionResetError("the connection was lost during the TLS handshake"))

    def _signalled(self, signal: bytes) -> None:
        raise NotImplementedError

    def _foreign(self) -> None:
        raise NotImplementedError

    def _fail(self, error: BaseException) -> None:
        if not self.waiter.done():
            self.waiter.set_exception(error)
            self.waiter.exception()  # nobody may be waiting any more

    def _succeed(self, server: bool) -> None:
        transport = self._transport
        transport.pause_reading()  # until the protocol that comes next is in place
        if self._got:
            transport.take_back(self._got)
        stand_in = SimulatedTLS(self._context, self._round_trips, self._hostname, server)
        transport.secured(
            {
                "sslcontext": self._context,
                "ssl_object": stand_in,
                "cipher": stand_in.cipher(),
                "compression": None,
                "peercert": {},
            }
        )
        self.waiter.set_result(transport)


class ClientHandshake(_Handshake):
    """The end that asks, once per round trip."""

    def begin(self) -> None:
        """Ask, or with no round trips go ahead at once."""
        if self._round_trips < self._transport.tls_rtts:
            self._transport.signal(_ASK)
        else:
            self._transport.signal(_DONE)
            self._succeed(server=False)

    def _signalled(self, signal: bytes) -> None:
        self._round_trips += 1
        self.begin()

    def _foreign(self) -> None:
        host, port = self._transport.get_extra_info("peername")[:2]
        self._fail(
            ssl.SSLError(
                ssl.SSL_ERROR_SSL,
                f"[SSL: WRONG_VERSION_NUMBER] wrong version number: the server at {host}:{port} speaks no "
                "TLS; use http:// (or no ssl=), or give the server an ssl= context",
            )
        )


class ServerHandshake(_Handshake):
    """The end that answers, or goes on with real TLS; then ``announce`` tells ``protocol`` of it."""

    def __init__(
        self,
        transport: MemoryTransport,
        context: ssl.SSLContext,
        protocol: asyncio.BaseProtocol,
        *,
        announce: bool,
    ) -> None:
        super().__init__(transport, context)
        self._protocol, self._announce = protocol, announce

    def _signalled(self, signal: bytes) -> None:
        if signal == _DONE:
            self._succeed(server=True)
        else:
            self._round_trips += 1
            self._transport.signal(_ANSWER)

    def _foreign(self) -> None:
        if self._got.startswith(_REAL_HELLO[: len(self._got)]):
            self._speak_tls()
            return
        self._transport.reset(
            f"{self._own_address()} speaks TLS only; use https:// (or ssl=), or serve without ssl="
        )

    def _own_address(self) -> str:
        host, port = self._transport.get_extra_info("sockname")[:2]
        return f"{host}:{port}"

    def _speak_tls(self) -> None:
        transport, loop = self._transport, self._transport._loop
        shaken: asyncio.Future[None] = loop.create_future()
        real = SSLProtocol(
            loop, self._protocol, self._context, shaken, server_side=True, call_connection_made=self._announce
        )
        own = real._get_app_transport()  # type: ignore[attr-defined]
        shaken.add_done_callback(lambda done: self._spoken(done.exception(), own))
        transport.set_protocol(real)
        real.connection_made(transport)
        transport.give(self._got)

    def _spoken(self, error: BaseException | None, own: asyncio.Transport) -> None:
        if isinstance(error, ssl.SSLError) and error.reason == "NO_SHARED_CIPHER":
            advice = "has no certificate, and this client does TLS itself: give its ssl= one"
            self._transport._loop.call_exception_handler({"message": f"{self._own_address()} {advice}"})
        if error is not None:
            self._fail(error)
        elif not self.waiter.done():
            self.waiter.set_result(own)


def accept(
    transport: MemoryTransport,
    protocol: asyncio.BaseProtocol,
    context: ssl.SSLContext,
    timeout_s: float | None,
) -> None:
    """Let a server with ``ssl=`` have a new connection: its ``protocol`` hears of it when TLS is in place."""
    handshake = ServerHandshake(transport, context, protocol, announce=True)
    limit_s = HANDSHAKE_TIMEOUT_S if timeout_s is None else timeout_s
    timer = transport._loop.call_later(limit_s, transport.abort)

    def finished(waiter: asyncio.Future[asyncio.Transport]) -> None:
        timer.cancel()
        if waiter.exception() is None and waiter.result() is transport and not transport.is_closing():
            transport.hand_over(protocol)

    handshake.waiter.add_done_callback(finished)
    transport.start(handshake)


async def secure(
    transport: MemoryTransport, handshake: ClientHandshake | ServerHandshake, timeout_s: float | None
) -> asyncio.Transport:
    """Do a handshake on an open connection.

    Returns the transport to go on with, which is left paused if it is the same one.
    """
    limit_s = HANDSHAKE_TIMEOUT_S if timeout_s is None else timeout_s
    transport.set_protocol(handshake)
    transport.resume_reading()
    transport._context.run(handshake.begin)
    try:
        async with asyncio.timeout(limit_s):
            secured = await handshake.waiter
        if transport.is_closing():
            raise ConnectionResetError("the connection was lost during the TLS handshake")
    except TimeoutError:
        transport.abort()
        raise ConnectionAbortedError(
            f"SSL handshake is taking longer than {limit_s} seconds: aborting the connection"
        ) from None
    except BaseException:
        transport.abort()
        raise
    return secured


def abandon(transport: MemoryTransport) -> None:
    """The loop closes: tell real TLS, which warns of connections that nobody closed."""
    protocol = transport.get_protocol()
    if isinstance(protocol, SSLProtocol):
        protocol.connection_lost(None)


def client_context(given: ssl.SSLContext | bool) -> ssl.SSLContext:
    """What ``ssl=`` means for a client: True is a default context."""
    if given is True:
        return ssl.create_default_context()
    if not isinstance(given, ssl.SSLContext):
        raise TypeError(f"ssl argument must be an SSLContext or True, not {given!r}")
    return given
