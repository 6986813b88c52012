"""Findings of many traces as rows: the same problem in four hundred traces is one, with its total cost."""

from __future__ import annotations

from msgspec.structs import replace

from perfkit.ingest.left_out import LeftOut
from perfkit.model import Finding

MAX_ROWS = 10_000
"""Beyond twice as many, only the costliest are kept."""

_MOST_NS = 2**62


class Rows:
    """Findings, of all traces together or (``per_trace``) of each trace by itself."""

    def __init__(self, left_out: LeftOut, *, per_trace: bool = False, max_rows: int = MAX_ROWS) -> None:
        self._left_out = left_out
        self._per_trace = per_trace
        self._max_rows = max_rows
        self._rows: dict[object, _Row] = {}
        self._added = 0

    def add(self, findings: list[Finding], trace_id: str, service: str) -> None:
        """What was found in one trace, in the spans of one service ("": not known)."""
        for finding in findings:
            place = ": ".join(filter(None, (service, finding.place)))
            self._added += 1
            key = self._added if self._per_trace else (finding.identity, place)
            # numbers of spans mean nothing without their trace
            seen = replace(finding, place=place, span_ids=[])
            row = self._rows.get(key)
            if row is None:
                self._rows[key] = _Row(seen, trace_id)
            else:
                row.add(seen, trace_id)
        if len(self._rows) > 2 * self._max_rows:
            self._shorten()

    def findings(self) -> list[Finding]:
        """The rows, the costliest first."""
        self._shorten()
        return [row.finding(told=not self._per_trace) for row in self._rows.values()]

    def _shorten(self) -> None:
        ordered = sorted(self._rows.items(), key=lambda pair: pair[1].rank)
        self._rows = dict(ordered[: self._max_rows])
        lost = len(ordered) - len(self._rows)
        self._left_out.add("left out", "finding", f"beyond the {self._max_rows:,} costliest", lost)


class _Row:
    """One problem: its sums, and the trace where it cost most."""

    def __init__(self, first: Finding, trace_id: str) -> None:
        self._worst = first
        self._worst_id = trace_id
        self._count = first.count
        self._spent_ns = first.spent_ns
        self._saving_ns = first.saving_ns
        self._most = first.count
        self._traces = 1
        self._last_id = trace_id

    def add(self, other: Finding, trace_id: str) -> None:
        """The same problem again, in the same trace or in another."""
        self._count += other.count
        self._spent_ns = min(_MOST_NS, self._spent_ns + other.spent_ns)
        if other.saving_ns is not None:
            self._saving_ns = min(_MOST_NS, (self._saving_ns or 0) + other.saving_ns)
        self._most = max(self._most, other.count)
        if _cost(other) > _cost(self._worst):
            self._worst, self._worst_id = other, trace_id
        if trace_id != self._last_id:  # the findings of one trace come together
            self._traces += 1
            self._last_id = trace_id

    @property
    def rank(self) -> tuple[int, int, str, str, str]:
        """Sorts the costliest first, the same order each time."""
        worst = self._worst
        return (-(self._saving_ns or 0), -self._spent_ns, worst.rule, worst.template, worst.place)

    def finding(self, *, told: bool) -> Finding:
        """The sums, with what is known from the costliest trace."""
        worst, traces = self._worst, self._traces
        where = f"in trace {self._worst_id}"
        basis = worst.basis
        if traces > 1 and told:
            where = (
                f"in {traces:,} traces, up to {self._most:,} times in one; the costliest: {self._worst_id}"
            )
            if worst.saving_ns is not None:
                basis = f"the sum over {traces:,} traces; in the costliest: {basis}"
        return replace(
            worst,
            count=self._count,
            spent_ns=self._spent_ns,
            saving_ns=self._saving_ns,
            basis=basis,
            evidence=[where, *worst.evidence],
            traces=traces,
        )


def _cost(finding: Finding) -> tuple[int, int, int]:
    return (finding.saving_ns is not None, finding.saving_ns or 0, finding.spent_ns)
