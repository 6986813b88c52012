"""What scenarios run against: mock services with modelled cost.

``Bitrix24`` is the mock Bitrix24 portal, ``http`` a service declared in a few lines, ``WebWorld`` any
aiohttp.web application, ``Together`` several worlds as one, ``Access`` what a strategy is handed; databases
are in ``perfkit.worlds.database``.
"""

from typing import TYPE_CHECKING, Any

from perfkit.worlds.base import Access, Running, World
from perfkit.worlds.together import Together
from perfkit.worlds.web import WebWorld

if TYPE_CHECKING:
    from perfkit.worlds.bitrix24.world import Bitrix24
    from perfkit.worlds.service.world import http

__all__ = ["Access", "Bitrix24", "Running", "Together", "WebWorld", "World", "http"]


def __getattr__(name: str) -> Any:
    if name == "Bitrix24":  # late: it needs the extra "mock"
        from perfkit.worlds.bitrix24.world import Bitrix24

        return Bitrix24
    if name == "http":
        from perfkit.worlds.service.world import http

        return http
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
