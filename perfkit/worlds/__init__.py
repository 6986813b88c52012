"""What scenarios run against: mock services with modelled cost. Imports sim, model and errors only.

``Bitrix24`` is the mock Bitrix24 portal, ``WebWorld`` any aiohttp.web application, ``Access`` what a strategy
is handed.
"""

from typing import TYPE_CHECKING, Any

from perfkit.worlds.base import Access, World
from perfkit.worlds.web import WebWorld

if TYPE_CHECKING:
    from perfkit.worlds.bitrix24.world import Bitrix24

__all__ = ["Access", "Bitrix24", "WebWorld", "World"]


def __getattr__(name: str) -> Any:
    if name == "Bitrix24":  # late: it needs the extra "mock"
        from perfkit.worlds.bitrix24.world import Bitrix24

        return Bitrix24
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
