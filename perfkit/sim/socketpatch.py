"""Makes ``socket``, ``select`` and ``ssl`` lead blocking code into the simulated network while it exists.

Only the simulation's own thread is led there. What was bound before, with ``from socket import socket``, is
replaced too, except inside the standard library and perfkit.
"""

from __future__ import annotations

import select
import selectors
import socket
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from perfkit.sim.blocking import current_loop
from perfkit.sim.patching import Patch, StandIn
from perfkit.sim.polling import SimulatedPoll, real_poll, real_select, simulated_select
from perfkit.sim.sync_sockets import RealSocket, SimulatedSocket, close_descriptors
from perfkit.sim.sync_tls import wrap_socket

if TYPE_CHECKING:
    from collections.abc import Iterator

_real_getaddrinfo = socket.getaddrinfo
_real_gethostbyname = socket.gethostbyname
_real_wrap_socket = ssl.SSLContext.wrap_socket


def getaddrinfo(
    host: Any,
    port: Any,
    family: int = 0,
    type: int = 0,  # noqa: A002
    proto: int = 0,
    flags: int = 0,
) -> list[Any]:
    """``socket.getaddrinfo``, by the simulation's names while one runs in this thread."""
    loop = current_loop()
    if loop is None:
        return list(_real_getaddrinfo(host, port, family, type, proto, flags))
    return loop._book.getaddrinfo(host, port, family, type, proto, flags)


def gethostbyname(hostname: str) -> str:
    """``socket.gethostbyname``, likewise."""
    loop = current_loop()
    return _real_gethostbyname(hostname) if loop is None else loop._book.resolve(hostname)


def _wrap_socket(self: ssl.SSLContext, sock: Any, *arguments: Any, **options: Any) -> Any:
    if type(sock) is SimulatedSocket:
        return wrap_socket(self, sock, *arguments, **options)
    return _real_wrap_socket(self, sock, *arguments, **options)


def _default_selector() -> type[selectors.BaseSelector]:
    return getattr(selectors, "PollSelector", selectors.SelectSelector)


_patch = Patch(
    [
        StandIn(socket, "socket", RealSocket, SimulatedSocket),
        StandIn(socket, "getaddrinfo", _real_getaddrinfo, getaddrinfo),
        StandIn(socket, "gethostbyname", _real_gethostbyname, gethostbyname),
        StandIn(select, "select", real_select, simulated_select),
        StandIn(selectors, "DefaultSelector", selectors.DefaultSelector, _default_selector()),
    ]
    + ([StandIn(select, "poll", real_poll, SimulatedPoll)] if real_poll is not None else [])
)

# Attributes of classes: one place each.
_METHODS: list[tuple[type, str, Any]] = [
    (ssl.SSLContext, "wrap_socket", _wrap_socket),
    (selectors.SelectSelector, "_select", staticmethod(simulated_select)),
]
if real_poll is not None:
    _METHODS.append((selectors.PollSelector, "_selector_cls", SimulatedPoll))


@contextmanager
def simulated_sockets() -> Iterator[None]:
    """Patch sockets for this thread, inside ``virtual_time``."""
    before = [(owner, name, owner.__dict__[name]) for owner, name, _ in _METHODS]
    for owner, name, stand_in in _METHODS:
        setattr(owner, name, stand_in)
    try:
        with _patch.applied():
            yield
    finally:
        for owner, name, real in before:
            setattr(owner, name, real)
        close_descriptors()
