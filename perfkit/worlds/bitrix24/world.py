"""The mock portal as a world that scenarios run against."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import fields
from functools import partial
from typing import TYPE_CHECKING, Any

from perfkit.errors import UnknownNameError, UsageError
from perfkit.model import HostFacts, WorldInfo
from perfkit.worlds.base import WHOLE, Access, Running
from perfkit.worlds.bitrix24.config import ACCESS_TOKEN, TARIFFS
from perfkit.worlds.bitrix24.desk import Desk
from perfkit.worlds.bitrix24.fault_text import parse_fault
from perfkit.worlds.bitrix24.faults import Fault
from perfkit.worlds.bitrix24.portal import WEBHOOK_PATH, Portal, PortalConfig
from perfkit.worlds.bitrix24.server import FRONTS, FrontName, serve
from perfkit.worlds.service.certificates import make_context, simulated_context

if TYPE_CHECKING:
    from ssl import SSLContext

    from perfkit.sim import Network

BATCH_SIZE = 50
"""Commands in one ``batch`` request (documented)."""

CA = "ca"
"""Under which name a portal with HTTPS tells the certificate of its authority beside its address."""

LOOPBACK = "127.0.0.1"


class Bitrix24:
    """A Bitrix24 portal ``rtt_ms`` milliseconds away, with as many matching leads as the scenario's size.

    ``tariff`` is "own" (a server of one's own, without limits), "standard" or "enterprise": see ``TARIFFS``;
    ``cloud=True`` is the same as "standard". ``leads`` is their number if it is not the scenario's size. With
    ``https`` strategies find the authority to trust in ``world.facts["ca_pem"]``. ``front`` is "light" or
    "aiohttp": both answer alike, the light one takes less real time. ``options`` go to ``PortalConfig``:
    workers, costs, slowdowns, faults, and what the documentation leaves open. Raises UsageError or WorldError
    for what makes no sense.

    >>> Bitrix24(rtt_ms=50, tariff="enterprise", faults=["503:crm.lead.*,p=0.01"]).info("cloud").facts
    {'round trip': '50 ms', 'rate limit': '250 requests, then 5/s', 'workers': '32', \
'operating limit': '480 s of a method in 10 min', 'request cap': '60 s', 'faults': '503:crm.lead.*'}
    """

    def __init__(
        self,
        *,
        rtt_ms: float = 200.0,
        cloud: bool = False,
        tariff: str = "",
        leads: int | None = None,
        faults: Iterable[Fault | str] = (),
        https: bool = False,
        front: FrontName = "light",
        title: str = "",
        **options: Any,
    ) -> None:
        if not isinstance(rtt_ms, (int, float)) or not 0 <= rtt_ms < math.inf:
            raise UsageError(f"rtt_ms must be 0 or more, not {rtt_ms}")
        if cloud and tariff == "own":
            raise UsageError("cloud=True and tariff='own' contradict each other; give one")
        tariff = tariff or ("standard" if cloud else "own")
        if tariff not in TARIFFS:
            raise UnknownNameError("tariff", tariff, TARIFFS)
        if front not in FRONTS:
            raise UnknownNameError("front", front, FRONTS)
        self.host = "portal.test"
        self.path = WEBHOOK_PATH
        self.rtt_ns = round(rtt_ms * 1e6)
        self.https = https
        self.front = front
        self.title = title
        self.options = {**TARIFFS[tariff], **options}
        self.options["faults"] = tuple(
            parse_fault(each) if isinstance(each, str) else each for each in faults
        )
        self._leads = leads
        self._config(1, 1)  # what makes no sense is said here, where it was written

    def _config(self, size: int, seed: int, rtt_ns: int = 0) -> PortalConfig:
        leads = size if self._leads is None else self._leads
        try:
            return PortalConfig(leads=leads, seed=seed, rtt_ns=rtt_ns, **self.options)
        except TypeError:
            known = [field.name for field in fields(PortalConfig)]
            unknown = next((name for name in self.options if name not in known), "")
            if not unknown:
                raise
            raise UnknownNameError("option of the portal", unknown, known) from None

    def info(self, name: str) -> WorldInfo:
        """Round trip, limits and workers, and what else was set, as reports show them."""
        config = self._config(1, 1)
        limit = f"{config.burst} requests, then {config.per_second:g}/s" if config.burst else "none"
        facts = {
            "round trip": f"{self.rtt_ns / 1e6:g} ms",
            "rate limit": limit,
            "workers": "no limit" if config.workers is None else str(config.workers),
        }
        return WorldInfo(name, self.title or name, self.rtt_ns, facts | _further(config, https=self.https))

    @asynccontextmanager
    async def start(self, size: int, seed: int, network: Network | None) -> AsyncIterator[Running]:
        """A fresh portal with its data, limits and journal; see ``World.start``."""
        portal = Portal(self._config(size, seed, self.rtt_ns if network is None else 0))
        desk = Desk(portal, secure=self.https)
        tls, ca_pem = self._tls(simulated=network is not None)
        if network is not None:
            from perfkit.sim import Link

            network.connect_host(self.host, Link(rtt_ns=self.rtt_ns))
            where = (self.host, 443 if self.https else 80)
        else:
            where = (LOOPBACK, 0)
        scheme = "https" if self.https else "http"
        async with serve(desk, *where, front=self.front, tls=tls) as served:
            base = (
                f"{scheme}://{self.host}" if network is not None else f"{scheme}://{LOOPBACK}:{served.port}"
            )
            trusted = {CA: ca_pem} if self.https else {}
            yield Running({WHOLE: base + self.path, **trusted}, partial(counters, desk))

    def _tls(self, *, simulated: bool) -> tuple[SSLContext | None, str]:
        if not self.https:
            return None, ""
        return simulated_context(self.host) if simulated else make_context(LOOPBACK)

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

    def access(self, addresses: Mapping[str, str], size: int, seed: int, clock: str) -> Access:
        """Its webhook, and its facts: also ``rest_url`` and ``access_token``, for calls of an application."""
        rest_url = f"{addresses[WHOLE].removesuffix(self.path)}/rest/"
        facts = {**self.access_facts(), "rest_url": rest_url, "access_token": ACCESS_TOKEN}
        if self.https:
            facts["ca_pem"] = addresses[CA]
        return Access(addresses[WHOLE], size, seed, clock, facts)

    def host_facts(self, addresses: Mapping[str, str]) -> list[HostFacts]:
        """Its facts, under the name that its URL has."""
        return [self.facts(addresses[WHOLE].partition("//")[2].partition("/")[0])]


def _further(config: PortalConfig, *, https: bool) -> dict[str, str]:
    """Facts that are only worth a line where they are set."""
    facts = {}
    if config.operating != "off":
        facts["operating limit"] = f"{config.operating_limit_s:g} s of a method in 10 min"
    if config.request_cap_s is not None:
        facts["request cap"] = f"{config.request_cap_s:g} s"
    if config.costs != "assumed":
        facts["costs"] = f"as {config.costs}"
    if config.slowdowns:
        shown = [
            f"{factor:g} x from {_clock(begin)} to {_clock(end)}" for begin, end, factor in config.slowdowns
        ]
        facts["slower"] = ", ".join(shown)
    if config.faults:
        facts["faults"] = ", ".join(f"{each.effect}:{each.command or each.method}" for each in config.faults)
    if https:
        facts["scheme"] = "https"
    return facts


def _clock(seconds: float) -> str:
    """A time of the portal's first day; with its seconds where minutes do not tell it.

    >>> _clock(39_600), _clock(60), _clock(40_230.5)
    ('11:00', '0:01:00', '11:10:30.5')
    """
    minutes, left_s = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    if hours and not left_s:
        return f"{hours}:{minutes:02}"
    return f"{hours}:{minutes:02}:{'0' if left_s < 10 else ''}{left_s:g}"


def counters(desk: Desk) -> dict[str, int]:
    """Commands carried out, rows returned; calls refused (503) and blocked (429), workers busy at once."""
    totals = desk.portal.totals
    return {
        "commands": totals.carried_out,
        "rows": totals.rows,
        "refused": totals.refused,
        "blocked": totals.blocked,
        "dropped_filters": totals.dropped_filters,
        "peak_busy": desk.workers.peak_busy,
    }
