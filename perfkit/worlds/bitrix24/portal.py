"""The mock portal itself: state, limits, journal. No HTTP and no asyncio: a front calls it.

A front asks ``refuse`` when a request arrives, and ``run`` when a worker takes it; ``call`` is both at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from perfkit.worlds.bitrix24 import answers, costs, data, php
from perfkit.worlds.bitrix24.answers import Answer, ApiError, JournalRow, Reply
from perfkit.worlds.bitrix24.batch import Results, parse_command
from perfkit.worlds.bitrix24.config import PAGE_ROWS, WEBHOOK_PATH, WEBHOOK_TOKEN, WEBHOOK_USER, PortalConfig
from perfkit.worlds.bitrix24.fields import iso
from perfkit.worlds.bitrix24.limits import LeakyBucket, OperatingLedger
from perfkit.worlds.bitrix24.methods import BATCH, METHODS, Context, Store, activities, leads, users

__all__ = ["WEBHOOK_CREDENTIAL", "WEBHOOK_PATH", "WEBHOOK_TOKEN", "Portal", "PortalConfig"]

WEBHOOK_CREDENTIAL = f"{WEBHOOK_USER}/{WEBHOOK_TOKEN}"
"""What a call shows to be let in: user and token, as in the webhook's URL."""

MAX_BATCH = PAGE_ROWS


def _now() -> float:
    return time.time()  # looked up at each call: a simulation puts its own clock there


class Portal:
    """One portal with its data.

    ``journal`` has a row for each request and, after it, one for each command of a batch; ``clock_s`` gives
    the time in seconds since 1970.

    >>> portal = Portal(PortalConfig(leads=20), clock_s=lambda: 0.0)
    >>> portal.call("crm.lead.get", {"ID": 7}).body["result"]["TITLE"]
    'Lead 7'
    """

    def __init__(self, config: PortalConfig, clock_s: Callable[[], float] = _now) -> None:
        self.config = config
        self.clock_s = clock_s
        self.journal: list[JournalRow] = []
        generated = data.generate(config.leads, config.seed)
        self.store = Store(
            activities=activities.table(generated.activities),
            leads=leads.table(generated.leads),
            users=users.table(generated.users),
        )
        self._limit = LeakyBucket(config.burst, config.per_second, blocked_count=config.blocked_calls_count)
        self._operating = OperatingLedger() if config.burst is not None else None

    def call(
        self,
        method: str,
        params: Mapping[str, Any],
        *,
        client: str = "",
        credential: str = WEBHOOK_CREDENTIAL,
    ) -> Reply:
        """Answer one request of ``client`` (its address). Never raises for bad input: errors are bodies."""
        return self.refuse(method, client=client) or self.run(method, params, credential=credential)

    def refuse(self, method: str, *, client: str = "") -> Reply | None:
        """The refusal of a request that arrives now, or None where the rate limit lets it in."""
        now_s = self.clock_s()
        if self._limit.admit(client, now_s):
            return None
        error = ApiError(*answers.QUERY_LIMIT_EXCEEDED)
        self._note(now_s, method.lower(), error.status, self.config.refused_ns, error=error)
        return Reply(error.status, error.body(), self.config.refused_ns)

    def run(self, method: str, params: Mapping[str, Any], *, credential: str = WEBHOOK_CREDENTIAL) -> Reply:
        """Carry out a request that was let in."""
        name = method.lower()
        if name == BATCH and credential == WEBHOOK_CREDENTIAL:
            return self._run_batch(params, credential)
        now_s, base_ns = self.clock_s(), self.config.base_ns
        try:
            answer, cost_ns = self._execute(name, params, credential)
        except ApiError as error:
            cost_ns = base_ns if error.status in (401, 404) else base_ns + costs.command_ns(self.config, None)
            self._note(now_s, name, error.status, cost_ns, error=error)
            return Reply(error.status, error.body(), cost_ns)
        cost_ns += base_ns
        self._note(now_s, name, 200, cost_ns, answer)
        body = self._body(answer, self._time(name, credential, now_s, cost_ns))
        return Reply(200, body, cost_ns, answer.dropped)

    def stats(self) -> dict[str, int]:
        """Totals over the journal, and the work done on tables."""
        commands = [row for row in self.journal if row.command]
        requests = [row for row in self.journal if not row.command]
        tables = self.store.tables()
        return {
            "requests": len(requests),
            "commands": len(commands),
            "refused": sum(row.status == 503 for row in requests),
            "errors": sum(row.status not in (200, 503) for row in self.journal),
            "rows": sum(row.rows for row in self.journal),
            "dropped_filters": sum(bool(row.dropped_filter_keys) for row in self.journal),
            "rows_compared": sum(table.compared for table in tables),
            "rows_rendered": sum(table.rendered for table in tables),
        }

    def _execute(self, name: str, params: Mapping[str, Any], credential: str) -> tuple[Answer, int]:
        """The answer of one method and its cost without the request's base."""
        handler = METHODS.get(name)
        if handler is None and name != BATCH:
            raise ApiError(*answers.METHOD_NOT_FOUND)
        if handler is None or credential != WEBHOOK_CREDENTIAL:
            raise ApiError(*answers.INVALID_CREDENTIALS)
        answer = handler(Context(self.store, self.config, params))
        return answer, costs.command_ns(self.config, answer)

    def _run_batch(self, params: Mapping[str, Any], credential: str) -> Reply:
        started_s, cost_ns = self.clock_s(), self.config.base_ns
        request_row = len(self.journal)
        results = Results()
        halt = php.to_text(params.get("halt")) not in ("", "0")
        commands = [
            (key, command) for key, command in php.items(params.get("cmd")) if isinstance(command, str)
        ]
        for number, (key, command) in enumerate(commands):
            cost_ns += self._run_command(key, command, number, results, credential, started_s + cost_ns / 1e9)
            if halt and key in results.result_error:
                break
        dropped = {key: None for row in self.journal[request_row:] for key in row.dropped_filter_keys}
        self._note(started_s, BATCH, 200, cost_ns)
        self.journal.insert(request_row, self.journal.pop())
        body = {"result": results.body(), "time": self._time(BATCH, credential, started_s, cost_ns)}
        return Reply(200, body, cost_ns, tuple(dropped))

    def _run_command(
        self, key: str, command: str, number: int, results: Results, credential: str, now_s: float
    ) -> int:
        """Carry out one command, put its answer into ``results`` and return its cost."""
        method, params = parse_command(command, results)
        name = method.lower()
        try:
            if number >= MAX_BATCH:
                raise ApiError(*answers.BATCH_LENGTH_EXCEEDED)
            if name == BATCH:
                raise ApiError(*answers.BATCH_METHOD_NOT_ALLOWED)
            answer, cost_ns = self._execute(name, params, credential)
        except ApiError as error:
            results.result_error[key] = error.body()
            cost_ns = 0 if number >= MAX_BATCH else costs.command_ns(self.config, None)
            self._note(now_s, name, error.status, cost_ns, error=error, command=key)
            return cost_ns
        self._note(now_s, name, 200, cost_ns, answer, command=key)
        results.result[key] = answer.result
        if answer.total is not None:
            results.result_total[key] = answer.total
        if answer.next is not None:
            results.result_next[key] = answer.next
        results.result_time[key] = self._time(name, credential, now_s, cost_ns)
        return cost_ns

    @staticmethod
    def _body(answer: Answer, timing: dict[str, Any]) -> dict[str, Any]:
        body: dict[str, Any] = {"result": answer.result}
        if answer.next is not None:
            body["next"] = answer.next
        if answer.total is not None:
            body["total"] = answer.total
        body["time"] = timing
        return body

    def _time(self, method: str, credential: str, start_s: float, cost_ns: int) -> dict[str, Any]:
        """The answer's ``time``, from the modelled cost. A batch is not billed itself, its commands are."""
        duration_s = cost_ns / 1e9
        finish_s = start_s + duration_s
        timing: dict[str, Any] = {
            "start": start_s,
            "finish": finish_s,
            "duration": duration_s,
            "processing": duration_s,
            "date_start": iso(int(start_s)),
            "date_finish": iso(int(finish_s)),
        }
        if self._operating is not None:
            if method != BATCH:
                self._operating.record(credential, method, start_s, cost_ns)
            operating_s, reset_s = self._operating.read(credential, method, start_s)
            timing["operating_reset_at"] = reset_s
            timing["operating"] = operating_s
        return timing

    def _note(
        self,
        at_s: float,
        method: str,
        status: int,
        cost_ns: int,
        answer: Answer | None = None,
        *,
        error: ApiError | None = None,
        command: str = "",
    ) -> None:
        rows, dropped = (answer.rows, answer.dropped) if answer else (0, ())
        code = (error.code or str(error)) if error else ""
        self.journal.append(JournalRow(at_s, method, status, rows, cost_ns, dropped, command, code))
