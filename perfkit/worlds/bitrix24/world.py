"""The mock portal as a world that scenarios run against."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from perfkit.errors import UsageError
from perfkit.model import HostFacts, WorldInfo
from perfkit.worlds.applications import ApplicationWorld
from perfkit.worlds.bitrix24.app import PORTAL, make_app
from perfkit.worlds.bitrix24.portal import WEBHOOK_PATH, Portal, PortalConfig

BATCH_SIZE = 50
"""Commands in one ``batch`` request (documented)."""


class Bitrix24(ApplicationWorld):
    """A Bitrix24 portal ``rtt_ms`` milliseconds away, with as many matching leads as the scenario's size.

    ``cloud`` sets the documented limit of 50 requests and then 2 a second; an own server has none.
    ``options`` go to ``PortalConfig``: workers, costs, and what the documentation leaves open.
    """

    def __init__(
        self, *, rtt_ms: float = 200.0, cloud: bool = False, title: str = "", **options: Any
    ) -> None:
        if rtt_ms < 0:
            raise UsageError(f"rtt_ms must be 0 or more, not {rtt_ms}")
        self.host = "portal.test"
        self.path = WEBHOOK_PATH
        self.rtt_ns = round(rtt_ms * 1e6)
        self.title = title
        self.options = options if cloud else {"burst": None, **options}

    def _config(self, size: int, seed: int, rtt_ns: int = 0) -> PortalConfig:
        return PortalConfig(leads=size, seed=seed, rtt_ns=rtt_ns, **self.options)

    def info(self, name: str) -> WorldInfo:
        """Round trip, limit and workers, as reports show them."""
        config = self._config(1, 1)
        limit = f"{config.burst} requests, then {config.per_second:g}/s" if config.burst else "none"
        facts = {
            "round trip": f"{self.rtt_ns / 1e6:g} ms",
            "rate limit": limit,
            "workers": str(config.workers),
        }
        return WorldInfo(name, self.title or name, self.rtt_ns, facts)

    def facts(self, host: str) -> HostFacts:
        """Round trip, batch size and rate limit, for predictions."""
        config = self._config(1, 1)
        return HostFacts(
            host,
            rtt_ns=self.rtt_ns,
            batch_size=BATCH_SIZE,
            burst=config.burst,
            per_second=config.per_second if config.burst else None,
        )

    def access_facts(self) -> dict[str, Any]:
        """``burst`` and ``per_second`` of the rate limit, as documented; burst None without one."""
        config = self._config(1, 1)
        return {"burst": config.burst, "per_second": config.per_second}

    def app(self, size: int, seed: int, *, latency: bool) -> web.Application:
        """A fresh portal with its data, limits and journal."""
        return make_app(Portal(self._config(size, seed, self.rtt_ns if latency else 0)))

    def counters(self, app: web.Application) -> dict[str, int]:
        """Commands the portal carried out, rows it returned, and requests it refused."""
        journal = app[PORTAL].journal
        return {
            "commands": sum(1 for row in journal if row.status == 200 and row.method != "batch"),
            "rows": sum(row.rows for row in journal),
        }
