"""What happens to a request that was let in: checked, carried out, priced, billed and timed.

A request holds one command or, as a batch, up to 50, which are carried out one after another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from perfkit.worlds.bitrix24 import answers, auth, strict, timing
from perfkit.worlds.bitrix24.answers import Answer, ApiError, JournalRow, Reply
from perfkit.worlds.bitrix24.auth import Caller
from perfkit.worlds.bitrix24.batch import (
    MAX_COMMANDS,
    NOT_ALLOWED,
    Results,
    commands_of,
    parse_command,
    stops_at_errors,
)
from perfkit.worlds.bitrix24.books import Books
from perfkit.worlds.bitrix24.config import WEBHOOK_USER, PortalConfig
from perfkit.worlds.bitrix24.costs import CostModel
from perfkit.worlds.bitrix24.faults import REFUSALS, Faults
from perfkit.worlds.bitrix24.files import Files
from perfkit.worlds.bitrix24.limits import OperatingLedger, RequestSpending
from perfkit.worlds.bitrix24.methods import BATCH, METHODS, Context, Store
from perfkit.worlds.bitrix24.telephony import Telephony

BATCH_ANSWER = Answer(None)
"""What the row of a batch says of itself: what it read is in the rows of its commands."""


class Request(Struct):
    """A request that is being carried out; ``cost_ns`` and ``operating_ns`` are what it has cost so far."""

    caller: Caller
    client: str
    started_s: float
    cost_ns: int
    spending: RequestSpending | None
    operating_ns: int = 0

    def now_s(self) -> float:
        """The portal's clock where the request has got to."""
        return self.started_s + self.cost_ns / 1e9


class Engine:
    """Carries out requests on the data of one portal.

    ``telephony`` and ``files`` are state beside the tables of ``store``.
    """

    def __init__(
        self, config: PortalConfig, clock_s: Callable[[], float], store: Store, faults: Faults, books: Books
    ) -> None:
        self.config = config
        self.store = store
        self.telephony = Telephony(config.seed)
        self.files = Files(WEBHOOK_USER)
        self.costs = CostModel(config, clock_s())
        self._clock_s = clock_s
        self._faults = faults
        self._books = books
        self._ledger = OperatingLedger(config.operating_limit_s) if config.operating != "off" else None
        self._cap_ns = None if config.request_cap_s is None else round(config.request_cap_s * 1e9)

    def run(self, name: str, params: Mapping[str, Any], caller: Caller, client: str) -> Reply:
        """The answer to a request for the method ``name`` (lower case)."""
        spending = RequestSpending(self._ledger, caller.credential) if self._ledger else None
        request = Request(caller, client, self._clock_s(), self.config.base_ns, spending)
        try:
            if name == BATCH:
                self._check(BATCH, request)
                return self._run_batch(params, request)
            return self._run_single(name, params, request)
        except ApiError as error:
            if self._too_long(request):
                return self._cut_off(name, request, [])
            row = self._books.error(request.started_s, name, request.cost_ns, client, error)
            self._books.keep(row)
            return Reply(error.status, error.body(), request.cost_ns, row=row)

    def _run_single(self, name: str, params: Mapping[str, Any], request: Request) -> Reply:
        answer = self._execute(name, params, request)
        started_s, cost_ns = request.started_s, request.cost_ns
        self._bill(name, request, 0, self.config.base_ns + request.operating_ns)
        if self._too_long(request):
            return self._cut_off(name, request, [])
        row = self._books.row(started_s, name, cost_ns, request.client, answer)
        self._books.keep(row)
        body: dict[str, Any] = {"result": answer.result}
        if answer.next is not None:
            body["next"] = answer.next
        if answer.total is not None:
            body["total"] = answer.total
        body["time"] = self._time(name, request, started_s, cost_ns)
        return Reply(200, body, cost_ns, answer.dropped, row.notes, row=row)

    def _run_batch(self, params: Mapping[str, Any], request: Request) -> Reply:
        results, rows = Results(), list[JournalRow]()
        halt = stops_at_errors(params)
        for number, (key, command) in enumerate(commands_of(params)):
            rows.append(self._run_command(key, command, number, results, request))
            if self._too_long(request) or (halt and key in results.result_error):
                break
        if self.config.operating == "batch":
            self._bill(BATCH, request, 0, request.operating_ns)
        if self._too_long(request):
            return self._cut_off(BATCH, request, rows)
        row = self._books.row(request.started_s, BATCH, request.cost_ns, request.client, BATCH_ANSWER)
        self._books.keep(row, *rows)
        dropped = {key: None for row in rows for key in row.dropped_filter_keys}
        notes = {note: None for row in rows for note in row.notes}
        spent = self._time(BATCH, request, request.started_s, request.cost_ns)
        body = {"result": results.body(), "time": spent}
        return Reply(200, body, request.cost_ns, tuple(dropped), tuple(notes), row=row)

    def _run_command(
        self, key: str, command: str, number: int, results: Results, request: Request
    ) -> JournalRow:
        """Carry out one command and put its answer into ``results``."""
        before_ns, billed_ns, start_s = request.cost_ns, request.operating_ns, request.now_s()
        method, params = parse_command(command, results)
        name = method.lower()
        try:
            answer = self._execute_command(name, params, number, request)
        except ApiError as error:
            results.result_error[key] = error.body()
            cost_ns = request.cost_ns - before_ns
            row = self._books.error(start_s, name, cost_ns, request.client, error, key)
            return self._with_params(row, params)
        cost_ns = request.cost_ns - before_ns
        if self.config.operating == "nested":
            self._bill(name, request, before_ns, request.operating_ns - billed_ns)
        results.result[key] = answer.result
        if answer.total is not None:
            results.result_total[key] = answer.total
        if answer.next is not None:
            results.result_next[key] = answer.next
        results.result_time[key] = self._time(name, request, start_s, cost_ns)
        return self._with_params(self._books.row(start_s, name, cost_ns, request.client, answer, key), params)

    def _with_params(self, row: JournalRow, params: Mapping[str, Any]) -> JournalRow:
        if self.config.journal_params:
            row.params = params
        return row

    def _execute_command(self, name: str, params: Mapping[str, Any], number: int, request: Request) -> Answer:
        """Carry out a command as ``_execute`` does, unless the batch or a fault keeps it from it."""
        if number >= MAX_COMMANDS:
            raise ApiError(*answers.BATCH_LENGTH_EXCEEDED)
        if name in NOT_ALLOWED:
            raise ApiError(*answers.BATCH_METHOD_NOT_ALLOWED)
        before_ns = request.cost_ns
        fault = self._faults.of_command(name, request.now_s() - self.costs.epoch_s)
        if fault is not None and fault.effect != "slow":
            raise ApiError(*REFUSALS[fault.effect])
        answer = self._execute(name, params, request)
        if fault is not None:
            request.cost_ns = before_ns + fault.slowed_ns(request.cost_ns - before_ns)
        return answer

    def _execute(self, name: str, params: Mapping[str, Any], request: Request) -> Answer:
        """Carry out one method; what it costs is added to ``request``, also when it raises ApiError.

        What is refused before it is carried out costs nothing.
        """
        handler = METHODS.get(name)
        if handler is None:
            raise ApiError(*answers.METHOD_NOT_FOUND)
        self._check(name, request)
        now_s = request.now_s()
        call = Context(self.store, self.config, params, request.caller, now_s, self.telephony, self.files)
        answer = None
        try:
            answer = handler(call)
        finally:
            cost_ns, operating_ns = self.costs.of(name, answer, now_s)
            request.cost_ns += cost_ns
            request.operating_ns += operating_ns
        if self.config.strict == "error":
            notes = strict.remarks(answer)
            if notes:
                raise ApiError(400, strict.CODE, "; ".join(notes))
        return answer

    def _check(self, name: str, request: Request) -> None:
        """Auth, then permission, then the operating limit. Raises ApiError."""
        caller = request.caller
        if caller.refusal is not None:
            raise ApiError(*caller.refusal)
        if not auth.may_call(caller.scopes, name):
            raise ApiError(*auth.insufficient_scope(caller))
        if self._ledger is not None and self._ledger.blocks(caller.credential, name, request.now_s()):
            raise ApiError(*answers.OPERATION_TIME_LIMIT)

    def _bill(self, name: str, request: Request, after_ns: int, operating_ns: int) -> None:
        """Put into the ledger that ``name`` worked, ``after_ns`` into the request, until that was cut off."""
        if request.spending is None:
            return
        if self._cap_ns is not None:
            operating_ns = min(operating_ns, self._cap_ns - after_ns)
        request.spending.add(name, request.started_s + after_ns / 1e9, operating_ns)

    def _too_long(self, request: Request) -> bool:
        return self._cap_ns is not None and request.cost_ns > self._cap_ns

    def _cut_off(self, name: str, request: Request, rows: list[JournalRow]) -> Reply:
        """The end of a request that took too long: what it had begun until then is done all the same."""
        assert self._cap_ns is not None  # noqa: S101 - else nothing takes too long
        error = ApiError(*answers.GATEWAY_TIMEOUT)
        row = self._books.error(request.started_s, name, self._cap_ns, request.client, error)
        self._books.keep(row, *rows)
        page = answers.GATEWAY_TIMEOUT_PAGE
        return Reply(error.status, {}, self._cap_ns, raw=page, content_type="text/html", row=row)

    def _time(self, method: str, request: Request, start_s: float, cost_ns: int) -> dict[str, Any]:
        spent = timing.time_of(start_s, cost_ns, whole_seconds=self.config.whole_seconds)
        if self._ledger is not None:
            operating_s, reset_s = self._ledger.read(request.caller.credential, method, start_s)
            spent["operating_reset_at"] = reset_s
            spent["operating"] = operating_s
        return spent
