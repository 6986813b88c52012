"""PK106: a loop of several different calls (A B, A B, ...), on one database or one host.

The rules of one call leave these loops to this one: they are one problem at one place, with one cure for
each call. ``patterns`` says which loops take turns.
"""

from __future__ import annotations

from perfkit.model import Finding, Span, busy_ns
from perfkit.rules.findings import about
from perfkit.rules.loops import WRITES, Loop
from perfkit.rules.query_fixes import in_query
from perfkit.rules.query_savings import as_one
from perfkit.rules.savings import Saving, predict, text
from perfkit.rules.view import View, by_cost

CODE = "PK106"
NAME = "repeating-pattern"


def check(view: View) -> list[Finding]:
    """One finding per loop of several calls, the costliest first."""
    return by_cost([_finding(view, members) for members in view.patterns])


def _finding(view: View, members: list[Loop]) -> Finding:
    spans = [span for loop in members for span in loop.spans]
    savings = [_saving(loop, view) for loop in members]
    known = [saving.saving_ns for saving in savings if saving.saving_ns is not None]
    now = busy_ns(spans)
    return about(
        view,
        spans,
        (CODE, NAME),
        template=" | ".join(loop.template for loop in members),
        count=len(members[0].spans),
        spent_ns=now,
        saving_ns=min(now, sum(known)) if known else None,
        basis=f"{len(known)} of {len(members)} calls made once for all rounds: {' + '.join(map(text, known))}"
        if known
        else savings[0].basis,
        evidence=_evidence(view, members, spans),
        fix=_fix(members),
    )


def _saving(loop: Loop, view: View) -> Saving:
    return as_one(loop.spans, view) if loop.first.kind == "query" else predict(loop, view)


def _evidence(view: View, members: list[Loop], spans: list[Span]) -> list[str]:
    overlap = members[0].overlap
    facts = [
        f"{len(members[0].spans)} rounds of {len(members)} different calls, {len(spans)} calls in all",
        "one round after another" if overlap <= 1 else f"up to {overlap} rounds at once",
    ]
    lines = [str(line) for loop in members if (line := view.line(loop.first)) is not None]
    if lines:
        facts.append(f"the calls: {', '.join(dict.fromkeys(lines))}")
    same = _same_parameters(members)
    if same:
        facts.append(f"{same} of them ask with the same parameters: read the row once")
    return facts


def _same_parameters(members: list[Loop]) -> int:
    """How many members have the same statement and parameters round by round as another one."""
    keys = [
        (loop.template, tuple(str(span.attrs.get("params")) for span in loop.spans[:100])) for loop in members
    ]
    return sum(keys.count(key) > 1 for key in keys)


def _fix(members: list[Loop]) -> str:
    if members[0].first.kind == "request":
        return (
            "Send the calls of all rounds together: in batch requests or with lists, if the service has such."
        )
    reads = [loop for loop in members if loop.statement.verb not in WRITES]
    writes = [loop for loop in members if loop.statement.verb in WRITES]
    parts = []
    if reads:
        parts.append(f"Before the loop, ask once for each: {'; '.join(map(_written, reads))}.")
    if writes:
        tables = ", ".join(dict.fromkeys(table for loop in writes for table in loop.statement.tables))
        what = tables or "the rows"
        parts.append(f"Behind it, write {what} with one executemany (ON CONFLICT where rows may be there).")
    return " ".join(parts)


def _written(loop: Loop) -> str:
    return in_query(loop.statement.template) or loop.template
