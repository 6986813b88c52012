"""What the simulation does not know, refused by name and with what to do instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from perfkit.errors import SimulationError

if TYPE_CHECKING:
    from collections.abc import Callable


class NotSimulatedError(SimulationError, NotImplementedError):
    """Code asked the virtual loop for something that only a real one has."""


def refuse(what: str, advice: str = "run this code on the wall clock instead") -> NoReturn:
    """Raise ``NotSimulatedError`` for ``what``."""
    raise NotSimulatedError(f"{what} cannot be simulated in virtual time; {advice}")


def _refusing(name: str, what: str) -> Callable[..., Any]:
    def method(self: object, *_args: object, **_options: object) -> NoReturn:
        refuse(f"{name}() ({what})")

    method.__name__ = method.__qualname__ = name
    return method


class RefusingMixin:
    """The parts of the event loop's interface that have no meaning on a simulated network."""

    subprocess_exec = _refusing("subprocess_exec", "subprocesses")
    subprocess_shell = _refusing("subprocess_shell", "subprocesses")
    create_datagram_endpoint = _refusing("create_datagram_endpoint", "datagrams")
    create_unix_connection = _refusing("create_unix_connection", "Unix sockets")
    create_unix_server = _refusing("create_unix_server", "Unix sockets")
    connect_accepted_socket = _refusing("connect_accepted_socket", "real sockets")
    connect_read_pipe = _refusing("connect_read_pipe", "pipes")
    connect_write_pipe = _refusing("connect_write_pipe", "pipes")
    sendfile = _refusing("sendfile", "copying files inside the kernel")
    sock_sendfile = _refusing("sock_sendfile", "real sockets")
    sock_recv = _refusing("sock_recv", "real sockets")
    sock_recv_into = _refusing("sock_recv_into", "real sockets")
    sock_recvfrom = _refusing("sock_recvfrom", "real sockets")
    sock_sendall = _refusing("sock_sendall", "real sockets")
    sock_sendto = _refusing("sock_sendto", "real sockets")
    sock_accept = _refusing("sock_accept", "real sockets")
    add_reader = _refusing("add_reader", "file descriptors")
    add_writer = _refusing("add_writer", "file descriptors")
    remove_reader = _refusing("remove_reader", "file descriptors")
    remove_writer = _refusing("remove_writer", "file descriptors")
