"""The mock portal itself: state, limits, journal. No HTTP and no asyncio: a front calls it.

A front asks ``refuse`` when a request arrives, and ``run`` when a worker takes it; ``call`` is both at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from msgspec import structs

from perfkit.worlds.bitrix24 import answers, data
from perfkit.worlds.bitrix24.answers import ApiError, Reply
from perfkit.worlds.bitrix24.auth import Caller, Door
from perfkit.worlds.bitrix24.books import Books, Totals
from perfkit.worlds.bitrix24.config import WEBHOOK_PATH, WEBHOOK_TOKEN, WEBHOOK_USER, PortalConfig
from perfkit.worlds.bitrix24.engine import Engine
from perfkit.worlds.bitrix24.faults import BAD_GATEWAY_PAGE, LATE, REFUSALS, Fault, Faults
from perfkit.worlds.bitrix24.limits import LeakyBucket
from perfkit.worlds.bitrix24.methods import open_store

__all__ = ["WEBHOOK_PATH", "WEBHOOK_TOKEN", "Portal", "PortalConfig", "Totals"]


def _now() -> float:
    return time.time()  # looked up at each call: a simulation puts its own clock there


class Portal:
    """One portal with its data.

    ``journal`` has a row for each request and, after it, one for each command of a batch; ``clock_s`` gives
    the time in seconds since 1970. ``webhook`` is the demonstration's caller, which calls are made by unless
    another one is given.

    >>> portal = Portal(PortalConfig(leads=20), clock_s=lambda: 0.0)
    >>> portal.call("crm.lead.get", {"ID": 7}).body["result"]["TITLE"]
    'Lead 7'
    """

    def __init__(self, config: PortalConfig, clock_s: Callable[[], float] = _now) -> None:
        self.config = config
        self.clock_s = clock_s
        self.reset()

    def reset(self, seed: int | None = None) -> None:
        """Begin anew: data, limits, faults and journal, from another ``seed`` if one is given."""
        config = self.config = self.config if seed is None else replace(self.config, seed=seed)
        self.faults = Faults(config.faults, config.seed)
        self._late: dict[int, Fault] = {}
        self.store = open_store(data.generate(config.leads, config.seed))
        self._books = Books(config)
        self.journal, self.totals = self._books.journal, self._books.totals
        self._engine = Engine(config, self.clock_s, self.store, self.faults, self._books)
        self.telephony, self.costs = self._engine.telephony, self._engine.costs
        self._door = Door(config)
        self.webhook = self.authenticate(str(WEBHOOK_USER), WEBHOOK_TOKEN, secure=True)
        self._limit = LeakyBucket(config.burst, config.per_second, blocked_count=config.blocked_calls_count)

    def authenticate(self, user: str | None, token: str, *, secure: bool = False) -> Caller:
        """Who shows ``token``: a webhook's with a ``user``, an access token without (``/rest/<method>``).

        Never raises: the refusal of a caller that may not call is in it. ``secure``: it came over HTTPS.
        """
        return self._door.caller(user, token, self.clock_s(), secure=secure)

    def call(
        self, method: str, params: Mapping[str, Any], *, client: str = "", caller: Caller | None = None
    ) -> Reply:
        """Answer one request of ``client`` (its address). Never raises for bad input: errors are bodies."""
        refusal = self.refuse(method, client=client)
        return refusal or self.run(method, params, caller=caller, client=client, number=self.faults.arrived)

    def refuse(self, method: str, *, client: str = "") -> Reply | None:
        """The refusal of a request that arrives now, or None where faults and the rate limit let it in.

        It is number ``faults.arrived``, by which ``run`` knows it again.
        """
        now_s = self.clock_s()
        fault = self.faults.of_request(method, now_s - self.costs.epoch_s)
        if fault is not None and fault.effect not in LATE:
            return self._broken(fault, now_s, method.lower(), client)
        if self._limit.admit(client, now_s):
            if fault is not None:
                self._late[self.faults.arrived] = fault
            return None
        return self._refused(ApiError(*answers.QUERY_LIMIT_EXCEEDED), now_s, method.lower(), client)

    def _refused(self, error: ApiError, now_s: float, name: str, client: str) -> Reply:
        cost_ns = self.config.refused_ns
        row = self._books.error(now_s, name, cost_ns, client, error)
        self._books.keep(row)
        return Reply(error.status, error.body(), cost_ns, row=row)

    def _broken(self, fault: Fault, now_s: float, name: str, client: str) -> Reply:
        """What a fault makes of a request that is not carried out."""
        refusal = REFUSALS.get(fault.effect)
        if refusal is not None:
            return self._refused(ApiError(*refusal), now_s, name, client)
        status = 502 if fault.effect == "html" else 0
        reply = self._refused(ApiError(status, f"fault: {fault.effect}", ""), now_s, name, client)
        if status:
            return structs.replace(reply, body={}, raw=BAD_GATEWAY_PAGE, content_type="text/html")
        return structs.replace(reply, body={}, cut=fault.effect)

    def run(
        self,
        method: str,
        params: Mapping[str, Any],
        *,
        caller: Caller | None = None,
        client: str = "",
        number: int = 0,
    ) -> Reply:
        """Carry out a request that was let in, by ``caller`` (see ``authenticate``).

        ``number`` is the one it had on arrival: then its fault is carried out, too.
        """
        reply = self._engine.run(method.lower(), params, caller or self.webhook, client)
        if self.config.journal_params and reply.row is not None:
            reply.row.params = params
        fault = self._late.pop(number, None)
        if fault is None:
            return reply
        cost_ns = fault.slowed_ns(reply.cost_ns)
        if reply.row is not None:
            reply.row.cost_ns = cost_ns
        return structs.replace(reply, cost_ns=cost_ns, cut="cut" if fault.effect == "cut" else "")

    def stats(self) -> dict[str, int]:
        """Totals over the journal, and the work done on tables."""
        tables = self.store.tables()
        return {
            **{name: getattr(self.totals, name) for name in Totals.__struct_fields__},
            "rows_compared": sum(table.compared for table in tables),
            "rows_rendered": sum(table.rendered for table in tables),
        }
