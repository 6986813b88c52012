"""PK303: a query that reads a whole table to find a few of its rows.

Known where the recording asked for query plans (``explain``). A table that is wanted whole, that is small, or
of which a good part is wanted, is read whole with good reason: no index makes that faster.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from statistics import median_low
from typing import Any, NamedTuple

from perfkit.fingerprints.sql_conditions import selects
from perfkit.model import Finding, Span
from perfkit.rules.findings import about
from perfkit.rules.indexes import PURE, Entry, columns, create, create_for_parts, create_on_call
from perfkit.rules.view import View, by_cost

CODE = "PK303"
NAME = "full-scan"

SMALL = 10
"""Times ``min_rows``: PostgreSQL itself reads tables of some hundred rows whole, index or no index."""

PART = 5
"""Who wants more than one row in so many reads the table faster without an index."""

FEW = 20
"""How many times more rows than the other side of a join a table must have to be looked up by an index."""

COUNTED = 10_000
"""Beyond it the number of rows is an estimate, or not known (``probes.plans``)."""

_ORM = {
    "django": "; in Django: an Index in the model's Meta.indexes, and a migration",
    "sqlalchemy": "; in SQLAlchemy: an Index beside the table's columns",
}


class _Asked(NamedTuple):
    """All that was recorded of one statement: ``rows`` it returned (None: that says nothing of those read).

    ``alone``: there is but one table.
    """

    spans: list[Span]
    plan: list[Entry]
    rows: int | None
    alone: bool
    system: str


def check(view: View) -> list[Finding]:
    """One finding per statement that scans, the costliest first."""
    return by_cost([finding for asked in _all_asked(view) if (finding := _finding(view, asked))])


def _all_asked(view: View) -> Iterator[_Asked]:
    plans = {_key(span): span.attrs["plan"] for span in reversed(view.queries) if span.attrs.get("plan")}
    if not plans:
        return
    groups: dict[Any, list[Span]] = {key: [] for key in plans}
    for span in view.queries:
        if span.error is None and (key := _key(span)) in groups:
            groups[key].append(span)
    for key, spans in groups.items():
        if spans:
            yield _as_asked(spans, plans[key])


def _key(span: Span) -> tuple[Any, ...]:
    attrs = span.attrs
    alone = attrs.get("connection") if attrs.get("database") in ("", ":memory:") else None
    return (attrs.get("system"), attrs.get("host"), attrs.get("database"), alone, attrs.get("sql"))


def _as_asked(spans: list[Span], plan: list[Entry]) -> _Asked:
    found = selects(str(spans[0].attrs.get("sql", "")))
    tells = len(found) == 1 and not found[0].limited and not found[0].summed
    known = [span.attrs["rows"] for span in spans if isinstance(span.attrs.get("rows"), int)]
    rows = median_low(known) if tells and known else None
    return _Asked(spans, plan, rows, len(plan) == 1, str(spans[0].attrs.get("system")))


def _finding(view: View, asked: _Asked) -> Finding | None:
    scans = {}
    for entry in asked.plan:
        fix = _fix(view, asked, entry)
        if fix:
            scans[fix] = _evidence(asked, entry)
    if not scans:
        return None
    spans, first = asked.spans, asked.spans[0]
    return about(
        view,
        spans,
        (CODE, NAME),
        template=first.name,
        site=view.line(first),
        basis="unknown: a plan says what is read, not how long it would take with the index",
        evidence=list(dict.fromkeys(scans.values())),
        fix="; ".join(scans) + _ORM.get(str(first.attrs.get("library")), ""),
    )


def _fix(view: View, asked: _Asked, entry: Entry) -> str:
    """What would keep the table from being read whole; "" if that is right as it is."""
    rows = entry.get("rows")
    if entry.get("access") == "search" or not isinstance(rows, int) or rows < SMALL * view.limits.min_rows:
        return ""
    if asked.rows is not None and asked.rows * PART >= rows:
        return ""
    wanted = columns(entry)
    if wanted:
        return _plain_fix(asked, entry, wanted)
    if _is_much(_matched(asked, entry), rows):
        return ""
    return _other_fix(asked, entry)


def _plain_fix(asked: _Asked, entry: Entry, wanted: list[str]) -> str:
    if wanted[0].removeprefix("-") in entry["indexed"] or set(entry.get("equal", ())) & set(entry["indexed"]):
        return ""  # there is an index, and the database knows better
    if "joined" in entry and not entry.get("equal") and not entry.get("null"):
        others = entry.get("others")
        if asked.rows is None if others is None else others * FEW > entry["rows"]:
            return ""
    elif "sort" not in entry or "range" in entry:
        matched = _matched(asked, entry)
        if matched is None or _is_much(matched, entry["rows"]):
            return ""
    return create(asked.system, entry["table"], wanted)


def _other_fix(asked: _Asked, entry: Entry) -> str:
    """Where a single plain index is no help."""
    table = entry["table"]
    if "any" in entry:
        if set(entry["any"]) & set(entry["indexed"]) or _matched(asked, entry) is None:
            return ""
        return "; ".join(create(asked.system, table, [column]) for column in entry["any"])
    if "call" in entry:
        function, column = entry["call"][0]
        if function.lower() in PURE:
            return create_on_call(asked.system, table, function, column)
        return f"Compare {column} of {table} itself: no index on it serves {function}({column})"
    if "like" in entry:
        return create_for_parts(asked.system, table, entry["like"][0])
    if asked.rows is None:
        return ""
    return f"Look at what the query asks of {table}: no index serves it, so all of the table is read"


def _matched(asked: _Asked, entry: Entry) -> float | None:
    """How many rows of the table are wanted: as returned, as the database expects, or as its values vary."""
    if asked.rows is not None and asked.alone:
        return asked.rows
    if "expected" in entry:
        return float(entry["expected"])
    rows, distinct = float(entry["rows"]), entry.get("distinct", {})
    each = {column: max(1, int(number)) for column, number in distinct.items()}
    if entry.get("equal"):
        return rows / prod(each.get(column, 1) for column in entry["equal"])
    if entry.get("any"):
        return sum(rows / each.get(column, 1) for column in entry["any"])
    return None


def _is_much(matched: float | None, rows: int) -> bool:
    return matched is not None and matched * PART >= rows


def _evidence(asked: _Asked, entry: Entry) -> str:
    rows = f"{entry['rows']:,}"
    if entry.get("about"):
        rows = f"{rows} or more" if entry["rows"] <= COUNTED else f"about {rows}"
    table = entry["table"]
    if entry["access"] == "automatic":
        return f"SQLite makes an index of its own on {table} ({rows} rows) each time, and throws it away"
    returned = f" to return {asked.rows:,}" if asked.rows is not None else ""
    return f"reads all of {table} ({rows} rows){returned}"
