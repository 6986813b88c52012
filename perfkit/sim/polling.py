"""``select.select`` and ``select.poll`` for simulated sockets; real descriptors are left to the system's own.

Both kinds in one call are refused: the one would be waited for in virtual time, the other in real time.
"""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, Any

from perfkit.sim.blocking import current_loop
from perfkit.sim.sync_connections import wait_for
from perfkit.sim.sync_sockets import by_descriptor
from perfkit.sim.unsupported import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from perfkit.sim.sync_sockets import SimulatedSocket

real_select = select.select
real_poll: Any = getattr(select, "poll", None)  # there is none on Windows

_IN, _OUT, _HANG_UP = 1, 4, 16
"""POLLIN, POLLOUT and POLLHUP, the same on Linux and macOS."""


def simulated_select(
    readers: Iterable[Any], writers: Iterable[Any], errors: Iterable[Any], timeout: float | None = None, /
) -> Any:
    """``select.select``."""
    readers, writers, errors = list(readers), list(writers), list(errors)
    known = _known([*readers, *writers, *errors])
    if known is None:
        return real_select(readers, writers, errors, timeout)

    def look() -> Any:
        ready: tuple[list[Any], list[Any], list[Any]] = (
            [item for item in readers if _readable(known[_descriptor(item)])],
            [item for item in writers if _writable(known[_descriptor(item)])],
            [],
        )
        return ready if any(ready) else None

    return _until(look, list(known.values()), timeout) or ([], [], [])


class SimulatedPoll:
    """``select.poll()``."""

    def __init__(self) -> None:
        self._masks: dict[int, int] = {}

    def register(self, item: Any, eventmask: int = _IN | 2 | _OUT, /) -> None:
        """Look at this descriptor, or whatever has one."""
        self._masks[_descriptor(item)] = eventmask

    def modify(self, item: Any, eventmask: int, /) -> None:
        """Look for other events."""
        if _descriptor(item) not in self._masks:
            raise FileNotFoundError(2, "not registered")
        self._masks[_descriptor(item)] = eventmask

    def unregister(self, item: Any, /) -> None:
        """Do not look any more."""
        del self._masks[_descriptor(item)]

    def poll(self, timeout_ms: float | None = None, /) -> list[tuple[int, int]]:
        """The descriptors that are ready, and for what."""
        known = _known(self._masks)
        if known is None:
            poller = real_poll()
            for descriptor, mask in self._masks.items():
                poller.register(descriptor, mask)
            return poller.poll(timeout_ms)  # type: ignore[no-any-return]

        def look() -> list[tuple[int, int]]:
            events = [(fd, _events(sock) & (self._masks[fd] | _HANG_UP)) for fd, sock in known.items()]
            return [event for event in events if event[1]]

        forever = timeout_ms is None or timeout_ms < 0
        return _until(look, list(known.values()), None if forever else timeout_ms / 1e3) or []  # type: ignore[operator]


def _until(look: Callable[[], Any], sockets: list[SimulatedSocket], timeout_s: float | None) -> Any:
    ready = look()
    if ready or timeout_s == 0:
        return ready
    loop = current_loop()
    assert loop is not None, "simulated sockets live in a simulation"  # noqa: S101
    until_ns = None if timeout_s is None else loop.now_ns + round(timeout_s * 1e9)
    connections = [sock._connection for sock in sockets if sock._connection is not None]
    while not ready:
        left_s = None if until_ns is None else (until_ns - loop.now_ns) / 1e9
        if not wait_for(loop, connections, left_s):
            return look()
        ready = look()
    return ready


def _known(items: Iterable[Any]) -> dict[int, SimulatedSocket] | None:
    """The simulated sockets among what is to be looked at; None if there are none."""
    if current_loop() is None:
        return None
    descriptors = [_descriptor(item) for item in items]
    known = {fd: by_descriptor[fd] for fd in descriptors if fd in by_descriptor}
    if known and len(known) < len(set(descriptors)):
        refuse("waiting for a simulated and a real descriptor together")
    return known or None


def _descriptor(item: Any) -> int:
    return item if isinstance(item, int) else item.fileno()


def _readable(sock: SimulatedSocket) -> bool:
    return sock._connection is not None and sock._connection.readable


def _writable(sock: SimulatedSocket) -> bool:
    return sock._connection is not None and sock._connection.writable


def _events(sock: SimulatedSocket) -> int:
    if sock._connection is None:
        return _HANG_UP  # as the system says of a socket that was never connected
    lost = _HANG_UP if sock._connection.lost else 0
    return (_IN if _readable(sock) else 0) | (_OUT if _writable(sock) else 0) | lost
