"""psycopg 3 in a simulation: where it looks names up, connects, and waits, it does so in virtual time.

Put in place while a simulated PostgreSQL runs, also if psycopg is imported later, and taken back with the
last one. It stays as it is in other threads, and for connections that were there before. A connection looks
to the program as if libpq had reached the simulated host; TLS is what the server offers: none.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, cast

from perfkit.probes.importing import when_imported
from perfkit.probes.replacements import Replacements
from perfkit.sim.blocking import current_loop
from perfkit.sim.postgres.bridge import LOCALHOST, Bridge
from perfkit.sim.postgres.waits import run, run_async, steps
from perfkit.sim.unsupported import refuse

if TYPE_CHECKING:
    from perfkit.sim.loop import VirtualLoop

_LAST_MODULE = "psycopg.connection_async"
"""When it has been imported, so have the others that are changed."""


class _State:
    bridge: Bridge | None = None
    users = 0


_replaced = Replacements()


@contextlib.contextmanager
def patched_psycopg() -> Iterator[None]:
    """Take psycopg along in the running simulation; nests."""
    if _State.users == 0:
        _State.bridge = Bridge(cast("VirtualLoop", asyncio.get_running_loop()))
        when_imported(_LAST_MODULE, _install)
        if _LAST_MODULE in sys.modules:
            _install()
    _State.users += 1
    try:
        yield
    finally:
        _State.users -= 1
        if _State.users == 0 and _State.bridge is not None:
            _replaced.undo()
            _State.bridge.close_all()
            _State.bridge = None


def _bridge() -> Bridge | None:
    """The bridge of the simulation that the caller runs in."""
    bridge = _State.bridge
    return bridge if bridge is not None and current_loop() is bridge.loop else None


def _install() -> None:
    if _State.bridge is None or _replaced:
        return
    # one by one: psycopg itself is not complete yet when this is called at its import
    from psycopg import _conninfo_attempts, _conninfo_attempts_async, waiting
    from psycopg._connection_base import BaseConnection
    from psycopg._connection_info import ConnectionInfo
    from psycopg.connection import Connection
    from psycopg.connection_async import AsyncConnection

    _replaced.put(_conninfo_attempts, "_resolve_hostnames", _redirecting)
    _replaced.put(_conninfo_attempts_async, "_resolve_hostnames", _redirecting_async)
    _replaced.put(waiting, "wait", _waiting)
    _replaced.put(waiting, "wait_async", _waiting_async)
    _replaced.put(waiting, "wait_conn", _connecting)
    _replaced.put(waiting, "wait_conn_async", _connecting_async)
    _replaced.put(ConnectionInfo, "_get_pgconn_attr", _naming)
    _replaced.put(BaseConnection, "__repr__", _shown)
    _replaced.put(BaseConnection, "cancel", _cancelling)
    _replaced.put(Connection, "close", _closing)
    _replaced.put(AsyncConnection, "close", _closing_async)


# Names


def _redirecting(original: Any) -> Any:
    def _resolve_hostnames(params: Any) -> Any:
        bridge = _bridge()
        return original(params) if bridge is None else [_redirected(bridge, params)]

    return _resolve_hostnames


def _redirecting_async(original: Any) -> Any:
    async def _resolve_hostnames(params: Any) -> Any:
        bridge = _bridge()
        if bridge is None:
            return await original(params)
        await asyncio.sleep(0)  # as every look-up does
        return [_redirected(bridge, params)]

    return _resolve_hostnames


def _redirected(bridge: Bridge, params: Any) -> dict[str, Any]:
    from psycopg._conninfo_utils import get_param

    host = get_param(params, "hostaddr") or get_param(params, "host")
    if not host or host.startswith(("/", "@")):
        refuse("a Unix socket", "give psycopg the name of a simulated host")
    address = bridge.loop._book.resolve(host), int(get_param(params, "port") or 5432)
    return {**params, "hostaddr": LOCALHOST, "port": str(bridge.door(address))}


def _naming(original: Any) -> Any:
    def _get_pgconn_attr(self: Any, name: str) -> Any:
        value = original(self, name)
        bridge = _State.bridge
        if name not in ("port", "hostaddr") or bridge is None:
            return value
        target = bridge.target(int(original(self, "port") or 0))
        if target is None:
            return value
        return str(target[1]) if name == "port" else target[0]

    return _get_pgconn_attr


def _shown(original: Any) -> Any:
    def __repr__(self: Any) -> str:  # noqa: N807
        text: str = original(self)
        for door, (_, port) in _State.bridge.doors() if _State.bridge is not None else ():
            text = text.replace(f"port={door} ", f"port={port} ")
        return text

    return __repr__


# Waiting


def _waiting(original: Any) -> Any:
    def wait(gen: Any, fileno: int, interval: float = 0.0, timeout: float | None = None) -> Any:
        bridge = _bridge()
        if bridge is None or not bridge.knows(fileno):
            return original(gen, fileno, interval, **_given(timeout))
        return run(_translated(bridge, gen, fileno, interval, timeout))

    return wait


def _waiting_async(original: Any) -> Any:
    async def wait_async(gen: Any, fileno: int, interval: float = 0.0, timeout: float | None = None) -> Any:
        bridge = _bridge()
        if bridge is None or not bridge.knows(fileno):
            return await original(gen, fileno, interval, **_given(timeout))
        return await run_async(_translated(bridge, gen, fileno, interval, timeout))

    return wait_async


def _connecting(original: Any) -> Any:
    def wait_conn(gen: Any, interval: float = 0.0, timeout: float | None = None) -> Any:
        bridge = _bridge()
        if bridge is None:
            return original(gen, interval, **_given(timeout))
        return run(_translated(bridge, gen, None, interval, timeout))

    return wait_conn


def _connecting_async(original: Any) -> Any:
    async def wait_conn_async(gen: Any, interval: float = 0.0, timeout: float | None = None) -> Any:
        bridge = _bridge()
        if bridge is None:
            return await original(gen, interval, **_given(timeout))
        return await run_async(_translated(bridge, gen, None, interval, timeout))

    return wait_conn_async


def _given(timeout: float | None) -> dict[str, Any]:
    """Before 3.3 psycopg's functions have no timeout."""
    return {} if timeout is None else {"timeout": timeout}


def _translated(
    bridge: Bridge, gen: Any, fileno: int | None, interval: float, timeout: float | None
) -> Generator[Any, Any, Any]:
    """The bridge's steps, with psycopg's errors."""
    from psycopg import errors

    # before 3.3 those generators that have a timeout look themselves whether it is over, when they are asked
    looks = not hasattr(errors, "_WaitTimeout") and (fileno is None or gen.__name__ == "notifies")
    try:
        return (yield from steps(bridge, gen, fileno, timeout, interval if looks else None))
    except TimeoutError:
        raise errors._WaitTimeout("wait timeout expired") from None
    except OSError as error:
        what = "the connection is lost" if fileno is not None else "connection failed"
        raise errors.OperationalError(f"{what}: {error.strerror or error}") from error
    except errors.OperationalError as error:
        error.args = tuple(_renamed(bridge, argument) for argument in error.args)
        raise


def _renamed(bridge: Bridge, text: Any) -> Any:
    """An error's text with the simulated address in place of the real one."""
    for door, (ip, port) in bridge.doors():
        text = text.replace(f"({LOCALHOST}), port {door}", f"({ip}), port {port}")
        text = text.replace(f'"{LOCALHOST}", port {door}', f'"{ip}", port {port}')
    return text


# Ending


def _cancelling(original: Any) -> Any:
    """Libpq's older way to cancel blocks inside C, where nobody could answer."""

    def cancel(self: Any) -> None:
        from psycopg import Connection, capabilities

        if _bridge() is None:
            original(self)
        elif not capabilities.has_cancel_safe():
            refuse("cancelling by a libpq before version 17", "install psycopg[binary]")
        else:
            Connection.cancel_safe(self)

    return cancel


def _closing(original: Any) -> Any:
    def close(self: Any) -> None:
        number = _number(self)
        original(self)
        _closed(self, number)

    return close


def _closing_async(original: Any) -> Any:
    async def close(self: Any) -> None:
        number = _number(self)
        await original(self)
        _closed(self, number)

    return close


def _number(connection: Any) -> int | None:
    return None if connection.pgconn.status else connection.pgconn.socket  # 0 is OK


def _closed(connection: Any, number: int | None) -> None:
    """Its last words lie in the socket: nobody waits for them any more."""
    bridge = _bridge()
    if bridge is not None and number is not None and connection.pgconn.status:
        bridge.close(number)
