"""A mock Bitrix24 portal: leads, activities and users behind the REST interface, with its limits and costs.

``Portal`` is the core, without HTTP or asyncio; ``make_app`` is its front for aiohttp.web. Not for the
network: it checks a fixed webhook token and nothing else.
"""

from perfkit.worlds.bitrix24.answers import JournalRow, Reply
from perfkit.worlds.bitrix24.app import make_app
from perfkit.worlds.bitrix24.config import WEBHOOK_PATH, WEBHOOK_TOKEN, PortalConfig
from perfkit.worlds.bitrix24.portal import Portal

__all__ = ["WEBHOOK_PATH", "WEBHOOK_TOKEN", "JournalRow", "Portal", "PortalConfig", "Reply", "make_app"]
