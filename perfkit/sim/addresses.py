"""The address book of one run: which simulated host has which IP address, and who listens where."""

from __future__ import annotations

import errno
import ipaddress
import itertools
import os
import socket
from typing import TYPE_CHECKING, Any

from perfkit.sim.link import LOOPBACK, canonical

if TYPE_CHECKING:
    from perfkit.sim.link import Link, Network
    from perfkit.sim.sockets import Listener

ANY_ADDRESS = "0.0.0.0"  # noqa: S104 (nothing here is bound to a real interface)

# RFC 2544 keeps this block for benchmarks, so it cannot be mistaken for a real host.
_FIRST_ADDRESS = int(ipaddress.IPv4Address("198.18.0.1"))
# The ranges Linux and IANA give to sockets that do not ask for a port.
_FIRST_CLIENT_PORT, _CLIENT_PORTS = 32_768, 28_232
_FIRST_SERVER_PORT = 49_152

Address = tuple[str, int]

_real_getaddrinfo = socket.getaddrinfo  # bound before any simulation patches it


class AddressBook:
    """Names, addresses, ports and listeners. Addresses are given out in order of registration."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._ip_of: dict[str, str] = {LOOPBACK: LOOPBACK}
        self._name_of: dict[str, str] = {LOOPBACK: LOOPBACK}
        self._listeners: dict[Address, Listener] = {}
        self._client_ports = itertools.count()
        self.client_ip = self._give_address("")

    def register(self, host: str) -> str:
        """The address of a host that a server runs on; the first call makes it one."""
        self._register_links()
        name = canonical(host)
        return ANY_ADDRESS if name in ("", ANY_ADDRESS, "::") else self._address_of(name)

    def _register_links(self) -> None:
        for name in self._network.hosts:
            self._address_of(name)

    def _address_of(self, name: str) -> str:
        known = self._ip_of.get(name)
        if known is None:
            known = name if _is_address(name) else self._give_address(name)
        return known

    def _give_address(self, name: str) -> str:
        address = str(ipaddress.IPv4Address(_FIRST_ADDRESS + len(self._ip_of) - 1))
        self._ip_of[name] = address
        self._name_of[address] = name
        return address

    def resolve(self, host: str) -> str:
        """The address of a host; raises ``socket.gaierror`` for a name nobody registered."""
        self._register_links()
        name = canonical(host)
        address = self._ip_of.get(name)
        if address is not None:
            return address
        if _is_address(name):
            return name
        raise socket.gaierror(
            socket.EAI_NONAME, f"Name or service not known: no simulated server or link is called {host!r}"
        )

    def getaddrinfo(self, host: Any, port: Any, family: int, kind: int, proto: int, flags: int) -> list[Any]:
        """Like ``socket.getaddrinfo``, with the simulated names and without asking any name server."""
        if isinstance(host, bytes):
            host = host.decode("idna")
        numeric = self.resolve(host) if host else None
        addrconfig = getattr(socket, "AI_ADDRCONFIG", 0)
        flags = (flags & ~addrconfig) | socket.AI_NUMERICHOST
        return list(_real_getaddrinfo(numeric, port, family, kind, proto, flags))

    def name_at(self, address: str) -> str:
        """The host name behind an address, or the address itself."""
        return self._name_of.get(address, address)

    def link_to(self, address: str) -> Link:
        """The link that leads to an address."""
        return self._network.link_to(self.name_at(address))

    def listening_at(self, address: str) -> list[int]:
        """The ports on which connections to this address are accepted now."""
        return sorted(
            port
            for (taken, port), listener in self._listeners.items()
            if taken in (address, ANY_ADDRESS) and listener.accepting
        )

    def client_port(self) -> int:
        """A port for the client's end of a new connection."""
        return _FIRST_CLIENT_PORT + next(self._client_ports) % _CLIENT_PORTS

    def bind(self, listener: Listener, address: str, port: int) -> Address:
        """Reserve an address and port (0: the next free one) for a listener."""
        if port == 0:
            port = self.free_port(address)
        elif self._taken(address, port):
            raise OSError(
                errno.EADDRINUSE,
                f"error while attempting to bind on address {(address, port)!r}: "
                f"{os.strerror(errno.EADDRINUSE).lower()}",
            )
        self._listeners[address, port] = listener
        return address, port

    def free_port(self, address: str) -> int:
        """The next port that nobody listens on."""
        return next(port for port in itertools.count(_FIRST_SERVER_PORT) if not self._taken(address, port))

    def _taken(self, address: str, port: int) -> bool:
        return any(
            port == taken_port and (address == taken or ANY_ADDRESS in (address, taken))
            for taken, taken_port in self._listeners
        )

    def release(self, address: Address) -> None:
        """Give an address and port back."""
        self._listeners.pop(address, None)

    def listener_at(self, address: str, port: int) -> Listener | None:
        """Who accepts connections to this address and port now."""
        found = self._listeners.get((address, port)) or self._listeners.get((ANY_ADDRESS, port))
        return found if found is not None and found.accepting else None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True
