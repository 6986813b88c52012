"""What the portal writes down: a row of the journal for each request and command, and totals."""

from __future__ import annotations

from msgspec import Struct

from perfkit.worlds.bitrix24 import strict
from perfkit.worlds.bitrix24.answers import Answer, ApiError, JournalRow
from perfkit.worlds.bitrix24.config import PortalConfig
from perfkit.worlds.bitrix24.journal import Journal


class Totals(Struct):
    """What the portal has done since it was made, whatever the journal still holds.

    ``carried_out`` are calls, alone or in a batch, that succeeded. ``refused`` were answered 503, ``blocked``
    429; ``errors`` count everything but 200 and 503.
    """

    requests: int = 0
    commands: int = 0
    carried_out: int = 0
    refused: int = 0
    blocked: int = 0
    errors: int = 0
    rows: int = 0
    dropped_filters: int = 0
    remarks: int = 0

    def add(self, row: JournalRow) -> None:
        """Count a request or a command."""
        if row.command:
            self.commands += 1
        else:
            self.requests += 1
        self.rows += row.rows
        self.dropped_filters += bool(row.dropped_filter_keys)
        self.remarks += len(row.notes)
        if row.status == 200:
            self.carried_out += row.method != "batch"
        else:
            self.refused += row.status == 503
            self.blocked += row.status == 429
            self.errors += row.status != 503


class Books:
    """Journal and totals of one portal."""

    def __init__(self, config: PortalConfig) -> None:
        self.journal = Journal(config.journal)
        self.totals = Totals()
        self._strict = config.strict != "off"

    def row(
        self, at_s: float, method: str, cost_ns: int, client: str, answer: Answer, command: str = ""
    ) -> JournalRow:
        """A row of what succeeded; it is not kept yet."""
        notes = strict.remarks(answer) if self._strict else ()
        return JournalRow(at_s, method, 200, answer.rows, cost_ns, answer.dropped, command, "", client, notes)

    def error(
        self, at_s: float, method: str, cost_ns: int, client: str, error: ApiError, command: str = ""
    ) -> JournalRow:
        """A row of what failed; it is not kept yet."""
        code = error.code or str(error)
        return JournalRow(at_s, method, error.status, 0, cost_ns, (), command, code, client)

    def keep(self, *rows: JournalRow) -> None:
        """Write down a request and, after it, its commands."""
        for row in rows:
            self.totals.add(row)
        self.journal.extend(rows)
