"""What answers cost: modelled service time in integer nanoseconds, the same on every machine.

A request costs a base once, then each command its own time: a single call is a request of one command, a
batch one of up to 50.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from perfkit.sim.distributions import Lognormal, draw_ns

if TYPE_CHECKING:
    from perfkit.worlds.bitrix24.answers import Answer
    from perfkit.worlds.bitrix24.config import PortalConfig

BASE_NS = 2_000_000
"""A request: routing, session and access rights. Assumed; kept small beside the 40 ms of overhead in the
documentation's sample of a batch, which includes the network."""

COMMAND_NS = 1_500_000
"""A method called by a request or a command of a batch: one indexed statement and its framework. Assumed."""

ROW_NS = 20_000
"""A row read, converted and encoded. Assumed: of the order of a counted row."""

COUNT_ROW_NS = 21_000
"""A row counted for ``total``: the documentation on large data times a list of 2,387,743 rows at 49.9 s with
the count and at 0.098 s without."""

REFUSED_NS = 500_000
"""A request refused by the rate limit before any worker sees it. Assumed."""


_SAMPLES_MS = {
    "app.info": (40, 0),
    "crm.activity.list": (901, 16),
    "crm.company.add": (1552, 651),
    "crm.company.delete": (1787, 1564),
    "crm.company.fields": (642, 0),
    "crm.company.get": (915, 0),
    "crm.company.list": (948, 162),
    "crm.company.update": (1075, 260),
    "crm.contact.fields": (336, 0),
    "crm.contact.get": (416, 0),
    "crm.contact.list": (532, 0),
    "crm.deal.add": (945, 0),
    "crm.deal.delete": (5867, 0),
    "crm.deal.fields": (966, 0),
    "crm.deal.get": (638, 0),
    "crm.deal.list": (881, 0),
    "crm.deal.productrows.get": (650, 0),
    "crm.deal.productrows.set": (1234, 0),
    "crm.deal.update": (1615, 0),
    "crm.duplicate.findbycomm": (52, 0),
    "crm.item.add": (2310, 1833),
    "crm.item.delete": (895, 0),
    "crm.item.fields": (446, 0),
    "crm.item.get": (485, 0),
    "crm.item.list": (591, 0),
    "crm.item.productrow.add": (1481, 0),
    "crm.item.productrow.delete": (1131, 0),
    "crm.item.productrow.get": (433, 0),
    "crm.item.productrow.list": (247, 0),
    "crm.item.productrow.set": (429, 0),
    "crm.item.productrow.update": (1561, 0),
    "crm.item.update": (3657, 3189),
    "crm.lead.fields": (67, 0),
    "crm.lead.list": (103, 0),
    "crm.lead.productrows.get": (1040, 0),
    "crm.status.add": (54, 0),
    "crm.status.delete": (34, 0),
    "crm.status.entity.items": (66, 0),
    "crm.status.entity.types": (87, 0),
    "crm.status.fields": (32, 0),
    "crm.status.get": (38, 0),
    "crm.status.list": (42, 0),
    "crm.status.update": (37, 0),
    "department.get": (189, 0),
    "disk.file.get": (1020, 0),
    "disk.file.getfields": (741, 0),
    "method.get": (41, 0),
    "methods": (33, 0),
    "profile": (40, 0),
    "scope": (39, 0),
    "server.time": (35, 0),
    "task.commentitem.getlist": (119, 0),
    "tasks.task.add": (959, 934),
    "tasks.task.complete": (471, 446),
    "tasks.task.defer": (360, 330),
    "tasks.task.delete": (291, 260),
    "tasks.task.get": (155, 0),
    "tasks.task.getfields": (809, 0),
    "tasks.task.list": (348, 0),
    "tasks.task.pause": (284, 262),
    "tasks.task.renew": (694, 673),
    "tasks.task.start": (289, 266),
    "tasks.task.update": (725, 493),
    "telephony.call.attachtranscription": (495, 138),
    "telephony.externalcall.attachrecord": (2400, 1940),
    "telephony.externalcall.finish": (2300, 1410),
    "telephony.externalcall.hide": (810, 0),
    "telephony.externalcall.register": (1120, 220),
    "telephony.externalcall.searchcrmentities": (400, 250),
    "telephony.externalcall.show": (1200, 290),
    "telephony.externalline.add": (421, 0),
    "telephony.externalline.delete": (306, 0),
    "telephony.externalline.get": (42, 0),
    "telephony.externalline.update": (1007, 0),
    "user.current": (24, 0),
    "user.fields": (22, 0),
    "user.get": (54, 0),
    "user.search": (54, 0),
    "voximplant.statistic.get": (595, 0),
}
_AS_COMPANIES = {
    f"crm.{entity}.{verb}": _SAMPLES_MS[f"crm.company.{verb}"]
    for entity, verbs in {
        "activity": ("add", "delete", "fields", "get", "update"),
        "contact": ("add", "delete", "update"),
        "lead": ("add", "delete", "get", "update"),
    }.items()
    for verb in verbs
}

DOCUMENTED_NS: dict[str, tuple[int, int]] = {
    method: (duration_ms * 1_000_000, operating_ms * 1_000_000)
    for method, (duration_ms, operating_ms) in (_SAMPLES_MS | _AS_COMPANIES).items()
}
"""Duration and operating time of methods: ``time`` in the samples of the REST documentation's pages on them,
whose rows are in it. Assumed where a sample cannot be one: leads and activities share a single sample, and
one of contacts took 101 s, so they cost what companies do; where a sample has no operating time it is 0.
Others cost what is assumed for all."""


class CostModel:
    """What commands cost under one configuration; slowdowns count from ``epoch_s`` (Unix time).

    A command's spread is drawn by its method and by how many of that method came before it.
    """

    def __init__(self, config: PortalConfig, epoch_s: float) -> None:
        self.config = config
        self.epoch_s = epoch_s if config.epoch_s is None else config.epoch_s
        self._default = (config.command_ns, config.command_ns)
        self._methods = dict(DOCUMENTED_NS) if config.costs == "documented" else {}
        self._methods |= {method: (cost_ns, cost_ns) for method, cost_ns in config.method_ns.items()}
        self._varies = bool(config.sigma or config.slowdowns)
        self._spread = Lognormal(1_000_000_000, config.sigma)
        self._calls: Counter[str] = Counter()

    def of(self, method: str, answer: Answer | None, start_s: float) -> tuple[int, int]:
        """Service time and operating time of a command that starts at ``start_s``; no answer: it failed."""
        cost_ns, operating_ns = self._methods.get(method, self._default)
        if answer is not None:
            rows_ns = self.config.row_ns * answer.rows + self.config.count_row_ns * answer.counted
            cost_ns += rows_ns
            operating_ns += rows_ns
        if not self._varies:
            return cost_ns, operating_ns
        factor = self._factor(method, start_s)
        return round(cost_ns * factor), round(operating_ns * factor)

    def _factor(self, method: str, start_s: float) -> float:
        factor = 1.0
        if self.config.sigma:
            number = self._calls[method] = self._calls[method] + 1
            factor = draw_ns(self._spread, self.config.seed, method, number) / 1e9
        since_s = start_s - self.epoch_s
        for from_s, until_s, slower in self.config.slowdowns:
            if from_s <= since_s < until_s:
                factor *= slower
        return factor
