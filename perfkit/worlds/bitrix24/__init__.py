"""A mock Bitrix24 portal: its REST interface with its data, limits and costs.

``Portal`` is the core, without HTTP or asyncio; ``Desk`` puts workers before it, and one of two fronts serves
that: ``server.serve``. ``make_app`` is the one for aiohttp.web. Not for the network: it checks a fixed token
and nothing else.
"""

from typing import TYPE_CHECKING, Any

from perfkit.worlds.bitrix24.answers import JournalRow, Reply
from perfkit.worlds.bitrix24.auth import AccessToken, Caller
from perfkit.worlds.bitrix24.config import (
    ACCESS_TOKEN,
    TARIFFS,
    WEBHOOK_PATH,
    WEBHOOK_TOKEN,
    PortalConfig,
)
from perfkit.worlds.bitrix24.portal import Portal

if TYPE_CHECKING:
    from perfkit.worlds.bitrix24.app import make_app

__all__ = [
    "ACCESS_TOKEN",
    "TARIFFS",
    "WEBHOOK_PATH",
    "WEBHOOK_TOKEN",
    "AccessToken",
    "Caller",
    "JournalRow",
    "Portal",
    "PortalConfig",
    "Reply",
    "make_app",
]


def __getattr__(name: str) -> Any:
    if name == "make_app":  # the only one that needs aiohttp
        from perfkit.worlds.bitrix24.app import make_app

        return make_app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
