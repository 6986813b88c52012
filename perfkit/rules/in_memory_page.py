"""PK301: many rows are fetched and few are used: the database could have kept the others.

Told from the program's source: what it makes of the result is a slice, the first row, or a count, and the
statement has no LIMIT. Where all rows may be used, for whatever, this says nothing.
"""

from __future__ import annotations

from statistics import median_low
from typing import TYPE_CHECKING

from perfkit.model import Finding, Frame, Span, busy_ns
from perfkit.rules.findings import about
from perfkit.rules.loops import Loop
from perfkit.rules.savings import text
from perfkit.rules.view import View, by_cost

if TYPE_CHECKING:
    from perfkit.rules.slices import Use

CODE = "PK301"
NAME = "in-memory-page"

FEW = 2
"""Who uses one row in so many, or more, has fetched no page too much."""

_WAYS = {
    "django": {
        "page": "slice the queryset before it is evaluated: queryset[start:stop] becomes LIMIT and OFFSET",
        "first": "use queryset.first() or slice it before it is evaluated: that becomes LIMIT",
        "count": "use queryset.count(): one row instead of all",
        "test": "use queryset.exists(): one row at most instead of all",
        "filter": "choose them with filter(...) instead of in Python",
    },
    "sqlalchemy": {
        "page": "add .limit(...) and .offset(...) to the select",
        "first": "add .limit(...) to the select: .first() alone fetches all rows",
        "count": "select func.count() instead of the rows",
        "test": "add .limit(1) to the select, or ask for exists()",
        "filter": "choose them with .where(...) in the select instead of in Python",
    },
    "": {
        "page": "add LIMIT and OFFSET, or continue behind the last key of the page before",
        "first": "add LIMIT",
        "count": "ask for COUNT(*) instead of the rows",
        "test": "add LIMIT 1, or ask by EXISTS",
        "filter": "choose them in the WHERE of the statement instead of in Python",
    },
}
"""What to do, by library and what is made of the rows."""

_SEEN = {
    "page": "keeps a slice of them",
    "count": "counts them",
    "test": "asks only whether there are any",
    "filter": "keeps those with one value in a field",
}


def check(view: View) -> list[Finding]:
    """One finding per place that fetches too much, the costliest first."""
    known: dict[tuple[Frame, ...], list[Use]] = {}
    found = []
    for loop in view.query_loops:
        spans = _large(view, loop)
        if spans:
            path = spans[0].path
            if path not in known:
                from perfkit.rules.slices import uses

                known[path] = uses(path, view.sources)
            finding = _finding(view, spans, known[path])
            if finding is not None:
                found.append(finding)
    return by_cost(found)


def _large(view: View, loop: Loop) -> list[Span]:
    """The queries that returned many rows, of a statement that sets no limit to them."""
    least = view.limits.min_rows
    if not loop.placed or not any((span.attrs.get("rows") or 0) >= least for span in loop.spans):
        return []
    if loop.statement.verb != "SELECT" or loop.statement.limit:
        return []
    return [span for span in loop.spans if (span.attrs.get("rows") or 0) >= least]


def _finding(view: View, spans: list[Span], uses: list[Use]) -> Finding | None:
    kinds = {use.kind for use in uses}
    if "filter" in kinds and len(uses) > 1:
        return None  # several parts may be all
    kind = next((kind for kind in ("page", "first", "count", "test", "filter") if kind in kinds), "")
    rows, first = median_low(span.attrs["rows"] for span in spans), spans[0]
    used = _used(uses) if kind in ("page", "first") else 0
    if not kind or used * FEW > rows:
        return None
    spent_ns = busy_ns(spans)
    saving_ns, basis = None, "unknown: how many of the rows are used does not show"
    if used:
        saving_ns = round(spent_ns * (1 - used / rows))
        basis = f"{used} of {rows:,} rows are used: {text(spent_ns)} x (1 - {used}/{rows})"
    elif kind in ("count", "test"):
        basis = "unknown: the database still has to find the rows"
    return about(
        view,
        spans,
        (CODE, NAME),
        template=first.name,
        spent_ns=spent_ns,
        site=view.line(first),
        saving_ns=saving_ns,
        basis=basis,
        evidence=[f"fetches {rows:,} rows without a LIMIT", *_seen(uses)],
        fix=_fix(first, kind, uses),
    )


def _used(uses: list[Use]) -> int:
    """How many rows are used at most; 0 if the source does not say."""
    taken = [use.rows for use in uses if use.kind in ("page", "first")]
    return sum(taken) if all(taken) else 0


def _seen(uses: list[Use]) -> list[str]:
    facts = []
    for use in sorted(uses, key=lambda use: (use.file, use.line)):
        kept = f"keeps {use.rows} of them" if use.kind in ("page", "first") and use.rows else _SEEN[use.kind]
        facts.append(f"{use.file}:{use.line} {kept}")
    return list(dict.fromkeys(facts))


def _fix(span: Span, kind: str, uses: list[Use]) -> str:
    ways = _WAYS.get(str(span.attrs.get("library")), _WAYS[""])
    fix = ways[kind]
    if kind in ("page", "first") and " ORDER BY " not in span.name:
        fix += ", with an order that says which rows come first"
    if kind == "page" and any(use.kind == "count" for use in uses):
        fix += f"; for the number of all, {ways['count']}"
    return f"{fix[0].upper()}{fix[1:]}."
