"""What the handlers work on: the tables of one portal, and the call at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from perfkit.worlds.bitrix24.answers import Answer
from perfkit.worlds.bitrix24.config import PortalConfig
from perfkit.worlds.bitrix24.tables import Table


@dataclass(frozen=True, slots=True)
class Store:
    """The tables of one portal."""

    activities: Table
    leads: Table
    users: Table

    def tables(self) -> tuple[Table, ...]:
        """All of them."""
        return (self.activities, self.leads, self.users)


@dataclass(frozen=True, slots=True)
class Context:
    """One call of one method."""

    store: Store
    config: PortalConfig
    params: Mapping[str, Any]


Handler = Callable[[Context], Answer]
"""Carries out one call; raises ApiError for an answer that is an error."""
