"""The portal as a server: on either front, over HTTP or HTTPS, on real sockets or a simulated host."""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from perfkit.errors import MissingExtraError, UnknownNameError, WorldError
from perfkit.worlds.bitrix24.config import WEBHOOK_PATH
from perfkit.worlds.bitrix24.desk import Desk
from perfkit.worlds.bitrix24.front import Front

if TYPE_CHECKING:
    from ssl import SSLContext

    from aiohttp import web

    from perfkit.worlds.bitrix24.portal import Portal

FrontName = Literal["light", "aiohttp"]
FRONTS: tuple[FrontName, ...] = ("light", "aiohttp")
"""The protocol of ``front``, and aiohttp.web. Both answer alike; the light one takes less real time."""

Begun = tuple[int, Callable[[], Awaitable[None]]]
"""The port, and what ends it."""

BACKLOG = 1_024
"""Connections that may wait to be accepted: a client may open very many at once."""


@dataclass(frozen=True)
class Served:
    """A portal that is being served: ``port`` is the one it got."""

    desk: Desk
    port: int


@asynccontextmanager
async def serve(
    desk: Desk,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    front: FrontName = "light",
    tls: SSLContext | None = None,
) -> AsyncIterator[Served]:
    """Serve ``desk`` in the running loop for as long as the context lasts; port 0 takes a free one.

    Raises WorldError when the address cannot be had.
    """
    if front not in FRONTS:
        raise UnknownNameError("front", front, FRONTS)
    begin = _begin_light if front == "light" else _begin_aiohttp
    try:
        started, end = await begin(desk, host, port, tls)
    except OSError as error:
        advice = "another port with --port, or 0 for any free one" if _is_of_port(error) else "another --host"
        raise WorldError(
            f"cannot serve on {host}:{port}: {error.strerror or error}. Choose {advice}."
        ) from error
    try:
        yield Served(desk, started)
    finally:
        await end()


def _is_of_port(error: OSError) -> bool:
    return error.errno in (errno.EADDRINUSE, errno.EACCES)


async def _begin_light(desk: Desk, host: str, port: int, tls: SSLContext | None) -> Begun:
    front = Front(desk)
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(front.connection, host, port, ssl=tls, backlog=BACKLOG)

    async def end() -> None:
        listening.close()
        await front.stop()
        await listening.wait_closed()

    return listening.sockets[0].getsockname()[1], end


async def _begin_aiohttp(desk: Desk, host: str, port: int, tls: SSLContext | None) -> Begun:
    try:
        from aiohttp import web
    except ImportError:
        raise MissingExtraError("the portal's front on aiohttp.web", "aiohttp", "mock") from None
    from perfkit.worlds.bitrix24.app import make_app_of

    log = logging.getLogger("perfkit.bitrix24")
    log.addFilter(_of_the_server)
    runner = web.AppRunner(make_app_of(desk), access_log=None, handle_signals=False, logger=log)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, ssl_context=tls, backlog=BACKLOG).start()
    except OSError:
        await runner.cleanup()
        raise
    return runner.addresses[0][1], runner.cleanup


def _of_the_server(record: logging.LogRecord) -> bool:
    """Whether a log record tells of the server.

    aiohttp logs a traceback for each request it cannot read and each client that leaves in the middle, too.
    """
    from aiohttp.http import HttpProcessingError

    return not (record.exc_info and isinstance(record.exc_info[1], (HttpProcessingError, ConnectionError)))


async def start_server(portal: Portal, host: str = "127.0.0.1", port: int = 0) -> tuple[web.AppRunner, str]:
    """Serve ``portal`` with aiohttp.web; returns the runner, to be cleaned up, and the webhook's URL.

    Raises WorldError when the address cannot be had.
    """
    from perfkit.worlds.bitrix24.app import make_app
    from perfkit.worlds.serving import start

    runner, base = await start(make_app(portal), host, port)
    return runner, base + WEBHOOK_PATH
