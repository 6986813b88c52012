"""The portal as a real HTTP server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.worlds.bitrix24.app import make_app
from perfkit.worlds.bitrix24.config import WEBHOOK_PATH
from perfkit.worlds.serving import start

if TYPE_CHECKING:
    from aiohttp import web

    from perfkit.worlds.bitrix24.portal import Portal


async def start_server(portal: Portal, host: str = "127.0.0.1", port: int = 0) -> tuple[web.AppRunner, str]:
    """Serve ``portal``; port 0 takes a free one. Returns the runner, to be cleaned up, and the webhook's URL.

    Raises WorldError when the address cannot be had.
    """
    runner, base = await start(make_app(portal), host, port)
    return runner, base + WEBHOOK_PATH
