"""The portal's journal as a trace, for the rules: what was asked of the portal, seen from its side.

A request is a span; the commands of a batch are spans below it, on a host of their own, since no round trip
is paid for a command. Values are hashed as the probes of clients do it, and no token is known here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from perfkit.fingerprints import describe_body
from perfkit.model import HostFacts, Span, Trace
from perfkit.worlds.bitrix24.answers import JournalRow
from perfkit.worlds.bitrix24.config import PAGE_ROWS, PortalConfig
from perfkit.worlds.bitrix24.journal import Journal

INSIDE = "inside a batch"
"""What the host of a command is called; no batch can carry batches."""

LIBRARY = "bitrix24"


def trace_of(
    journal: Journal, config: PortalConfig, *, host: str = "portal.test", clock: str = "wall"
) -> Trace:
    """All rows of ``journal`` as spans; times count from the first.

    Without ``journal_params`` in the configuration spans have no parameters, which rules compare. ``dropped``
    is how many rows the journal has lost. A request begins when it arrives, if a front told how long it
    waited, and ends with its modelled cost; the way there and back is not in it.
    """
    rows = list(journal)
    while rows and rows[0].command:
        rows.pop(0)  # the request they belong to is lost
    first_s = min((row.at_s - row.queued_ns / 1e9 for row in rows), default=0.0)
    spans = list(_spans(rows, first_s, host))
    spans.sort(key=lambda span: span.start_ns)  # of several workers; a request stays before its commands
    end_ns = max((span.end_ns for span in spans), default=0)
    facts = HostFacts(host, 0, PAGE_ROWS, config.burst, config.per_second if config.burst else None)
    lost = journal.added - len(rows)
    warnings = [f"{lost} rows of the journal were lost: it keeps {config.journal}"] if lost else []
    return Trace(clock, 0, end_ns, spans, [facts], [LIBRARY], dropped=lost, warnings=warnings)


def _spans(rows: list[JournalRow], first_s: float, host: str) -> Iterable[Span]:
    clients: dict[str, int] = {}
    batch: Span | None = None
    begin_ns = 0
    for number, row in enumerate(rows, 1):
        thread = clients.setdefault(row.client, len(clients) + 1)
        start_ns = max(0, round((row.at_s - first_s) * 1e9))
        if not row.command:
            batch, begin_ns = _request(row, number, start_ns, thread, host), 0
            yield batch
        elif batch is not None:
            batch.attrs["batch"] = batch.attrs.get("batch", 0) + 1
            command = _command(row, number, max(start_ns, begin_ns), batch)
            begin_ns = command.end_ns  # one after another, whatever the clock's last digits say
            yield command


def _request(row: JournalRow, number: int, start_ns: int, thread: int, host: str) -> Span:
    attrs = {"host": host, **_facts(row)}
    attrs.update(queued_ns=row.queued_ns, bytes_sent=row.received_bytes, bytes_received=row.sent_bytes)
    attrs["in_flight"] = row.in_flight
    begin_ns, end_ns = max(0, start_ns - row.queued_ns), start_ns + row.cost_ns
    name = f"{row.verb or 'POST'} {host}{attrs['template']}"
    return Span(number, None, "request", name, begin_ns, end_ns, thread=thread, attrs=attrs)


def _command(row: JournalRow, number: int, start_ns: int, batch: Span) -> Span:
    attrs = {"host": INSIDE, **_facts(row), "template": f"/{row.method}"}
    start_ns = min(max(start_ns, batch.start_ns), batch.end_ns)
    end_ns = min(start_ns + row.cost_ns, batch.end_ns)
    name = f"{INSIDE} {row.method}"
    return Span(number, batch.id, "request", name, start_ns, end_ns, thread=batch.thread, attrs=attrs)


def _facts(row: JournalRow) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "method": row.verb or "POST",
        "template": f"/rest/{{user}}/{{token}}/{row.method}",
        "body": "",
        "rpc": row.method,
        "status": row.status,
        "server_ns": row.cost_ns,
        "rows": row.rows,
        "retry": 0,
        "library": LIBRARY,
    }
    if row.params is not None:
        described = describe_body(dict(row.params))
        facts.update(body=described.template, params=dict(described.params))
    if row.dropped_filter_keys:
        facts["dropped"] = list(row.dropped_filter_keys)
    if row.error:
        facts["error"] = row.error
    return facts
