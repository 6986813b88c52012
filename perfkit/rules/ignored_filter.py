"""PK302: a filter that does not narrow: everything comes back, and is paid for, whatever is asked for.

A service that knows no such key seldom says so (perfkit's mock portal does). Otherwise it shows in what comes
back: as much as without the filter, for each of several values; or as much for a few values as for many.
Small answers prove nothing, and neither do pages, which are full whatever the filter is.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from perfkit.fingerprints.sql_conditions import Select, selects
from perfkit.model import Finding, Frame, Span, busy_ns
from perfkit.rules.loops import Loop
from perfkit.rules.n_plus_one_request import PAGE_PARAMETERS, varying_parameters
from perfkit.rules.sites import Sites
from perfkit.rules.view import View, by_cost

CODE = "PK302"
NAME = "ignored-filter"

MIN_BYTES = 1_000
"""Answers below it are the same by chance: "ok", an empty list, an error page."""

BASIS = "unknown: nobody knows how much a filter that works would leave"

NO_FILTERS = frozenset(
    {"accesstoken", "apikey", "auth", "callback", "count", "currency", "dir", "direction", "expand", "fields"}
    | {"first", "fmt", "format", "include", "key", "lang", "language", "last", "limit", "locale", "order"}
    | {"orderby", "output", "ref", "select", "session", "sessionid", "sig", "signature", "size", "sort"}
    | {"sortby", "timezone", "token", "top", "tz", "units", "version"}
)
"""Parts of a parameter's name, its letters only, that say how an answer looks and not what is in it."""

PAGE_SIZES = frozenset({"count", "first", "last", "limit", "pagesize", "pagelimit", "perpage", "size", "top"})
"""The same for how much of a listing is asked for: a full page is as long for every filter."""

_NO_LETTER = re.compile("[^a-z]")
_ORDER = re.compile(r"[<>]")


def check(view: View) -> list[Finding]:
    """One finding per place that filters in vain, the costliest first."""
    told = _told(view)
    known = {id(span) for spans in told.values() for span in spans}
    seen = [loop for loop in _alike_requests(view) if not any(id(span) in known for span in loop.spans)]
    return by_cost(
        [
            *(_finding_told(spans, site) for (_, site), spans in told.items()),
            *_requests(view, seen),
            *_queries(view),
        ]
    )


# A service that says so


def _told(view: View) -> dict[tuple[str, Frame | None], list[Span]]:
    """The requests whose filter the service said it dropped, by what they ask and the line to edit.

    A batch with further pages of such a request belongs to it.
    """
    found = [span for span in view.requests if span.attrs.get("dropped")]
    groups: dict[tuple[str, Frame | None], list[Span]] = defaultdict(list)
    if not found:
        return groups
    # through a client's helper everything goes, batches too: those would hide the line that asks
    sites = Sites([span for span in view.requests if not span.attrs.get("batch")], view.sources)
    for span in found:
        if not span.attrs.get("batch"):
            groups[_what(span), sites.of_call(span)].append(span)
    for span in found:
        if span.attrs.get("batch"):
            home = next(
                (key for key, members in groups.items() if _continues(span, members[0], key[1])), None
            )
            groups[home or (_what(span), view.line(span))].append(span)
    return groups


def _continues(batch: Span, span: Span, site: Frame | None) -> bool:
    """Whether a batch has further pages of a request: below the same line, or of the same method and keys.

    A client that sends its batches from a task of its own leaves no line.
    """
    if batch.path:
        return site in batch.path
    method = span.attrs.get("rpc")
    is_same = batch.attrs.get("host") == span.attrs.get("host") and bool(method)
    return (
        is_same
        and str(method) in str(batch.attrs.get("body"))
        and batch.attrs["dropped"] == span.attrs["dropped"]
    )


def _what(span: Span) -> str:
    return f"{span.name} {span.attrs.get('body', '')}".strip()


def _finding_told(spans: list[Span], site: Frame | None) -> Finding:
    keys = sorted({str(key) for span in spans for key in span.attrs["dropped"]})
    named = ", ".join(keys)
    return _finding(
        spans,
        site,
        [f"the service dropped {named} without a word, and answered as if nothing had been asked by it"],
        f"Ask by keys that the service knows: {named} had no effect. Compare one answer's size with that of "
        "the same call without a filter.",
    )


# A service that does not


def _alike_requests(view: View) -> list[Loop]:
    """Loops of requests with different filters whose answers are all of one size."""
    return [
        loop
        for loop in view.request_loops
        if len(loop.spans) >= view.needed(loop)
        and (size := _size(loop.spans[0])) >= MIN_BYTES
        and _size(loop.spans[-1]) == size
        and all(_size(span) == size for span in loop.spans)
        and not any(_parts(name) & PAGE_SIZES for name in _names(loop.first))
    ]


def _size(span: Span) -> int:
    """Bytes of a successful answer; 0 if they are not known."""
    attrs = span.attrs
    return attrs.get("bytes_received") or 0 if attrs.get("status") == 200 else 0


def _requests(view: View, loops: list[Loop]) -> Iterable[Finding]:
    asked: dict[tuple[Any, ...], set[frozenset[str]]] = {_call(loop): set() for loop in loops}
    if not asked:
        return
    for loop in view.request_loops:
        call = _call(loop)[:-1]
        for size in {_size(span) for span in loop.spans}:
            if (*call, size) in asked:
                asked[*call, size].add(_names(loop.first))
    for loop in loops:
        own = _names(loop.first)
        fewer = [others for others in asked[_call(loop)] if others < own]
        lists = any("*" in str(value) for value in loop.first.attrs.get("params", {}).values())
        names = _filters(view, loop) if fewer or lists else []
        how = _how(loop.spans, names, without=any(others <= own - set(names) for others in fewer))
        if how:
            named = ", ".join(name.lstrip("?") for name in names)
            different = f"{_distinct(loop.spans, names)} different values of {named}"
            yield _finding(
                loop.spans,
                view.line(loop.first),
                [f"{_size(loop.first):,} bytes for each of {different}", how],
                f"Check {named}: the answers do not depend on it. It may be misspelt, in the wrong place, or "
                "unknown to the service.",
                view.place(loop.first),
            )


def _how(spans: list[Span], names: list[str], *, without: bool) -> str:
    """What shows that the parameters change nothing; "" if nothing does."""
    if not names:
        return ""
    if without:
        return "the same call without it gives as much"
    lengths = _lengths(spans, names)
    if lengths and max(lengths) >= 2 * min(lengths):
        return f"for {min(lengths)} values as much as for {max(lengths)}"
    return ""


def _call(loop: Loop) -> tuple[Any, ...]:
    """What is called, but for its parameters, and the size of the first answer."""
    attrs = loop.first.attrs
    path = str(attrs.get("template", "")).partition("?")[0]
    return (attrs.get("host"), attrs.get("method"), path, _size(loop.first))


def _filters(view: View, loop: Loop) -> list[str]:
    """Names of the parameters that choose what comes back, and differ often enough."""
    names = [name for name in varying_parameters(loop.spans) if _may_filter(name)]
    return names if names and _distinct(loop.spans, names) >= view.needed(loop) else []


def _may_filter(name: str) -> bool:
    parts = _parts(name)
    return name != "path" and not _ORDER.search(name) and not parts & (NO_FILTERS | PAGE_PARAMETERS)


def _parts(name: str) -> set[str]:
    return {_NO_LETTER.sub("", part.lower()) for part in re.split(r"[.\[\]?]", name)} - {""}


def _names(span: Span) -> frozenset[str]:
    return frozenset(span.attrs.get("params", {})) - {"path"}


def _distinct(spans: list[Span], names: list[str]) -> int:
    return len({tuple(span.attrs.get("params", {}).get(name) for name in names) for span in spans})


def _lengths(spans: list[Span], names: list[str]) -> list[int]:
    """How many values each call asked for, where that is by one list."""
    if len(names) != 1:
        return []
    sizes = [str(span.attrs.get("params", {}).get(names[0], "")).partition("*")[2] for span in spans]
    return [int(size) for size in sizes] if all(size.isdecimal() for size in sizes) else []


# A database


def _queries(view: View) -> Iterable[Finding]:
    found = [(loop, table) for loop in view.query_loops if (table := _filtered_table(view, loop))]
    if not found:
        return
    whole = _whole_tables(view, {table for _, table in found})
    for loop, table in found:
        rows = loop.first.attrs["rows"]
        if (loop.target, table, rows) in whole:
            yield _finding(
                loop.spans,
                view.line(loop.first),
                [f"{rows:,} rows for each of {loop.distinct} different parameters: all rows of {table}"],
                "Check the condition: every row meets it, whatever is asked for (a comparison that is always "
                "true, an OR that should be inside parentheses).",
                view.place(loop.first),
            )


def _filtered_table(view: View, loop: Loop) -> str:
    """The table that a loop reads by a condition, if each call returned equally many rows; else ""."""
    spans = loop.spans
    rows = spans[0].attrs.get("rows")
    if len(spans) < view.needed(loop) or not isinstance(rows, int) or rows < view.limits.min_rows:
        return ""
    if spans[-1].attrs.get("rows") != rows or any(span.attrs.get("rows") != rows for span in spans):
        return ""
    if loop.distinct < view.needed(loop):
        return ""
    select = _only_select(loop)
    if select is None or not any(c.kind != "range" for c in select.conditions):
        return ""  # a range may hold all there is: what was created until now
    return next(iter(select.tables.values()))


def _whole_tables(view: View, tables: set[str]) -> set[tuple[Any, str, int]]:
    """Database, table and rows of what was read without a condition."""
    whole: set[tuple[Any, str, int]] = set()
    for loop in view.query_loops:
        if " WHERE " in loop.template or not tables.intersection(loop.statement.tables):
            continue
        select = _only_select(loop)
        if select is not None and not select.conditions:
            table = next(iter(select.tables.values()))
            whole |= {(loop.target, table, span.attrs.get("rows", -1)) for span in loop.spans}
    return whole


def _only_select(loop: Loop) -> Select | None:
    """The statement, if it is one plain SELECT of one table whose rows are what it returns."""
    if loop.statement.verb != "SELECT" or loop.statement.limit:
        return None
    found = selects(loop.template)
    plain = len(found) == 1 and not found[0].limited and not found[0].summed and len(found[0].tables) == 1
    return found[0] if plain else None


def _finding(
    spans: list[Span], site: Frame | None, evidence: list[str], fix: str, place: str = ""
) -> Finding:
    spans = sorted(spans, key=lambda span: (span.start_ns, span.id))
    first = spans[0]
    return Finding(
        rule=CODE,
        name=NAME,
        template=_what(first),
        count=len(spans),
        spent_ns=busy_ns(spans),
        site=site,
        path=first.path,
        saving_ns=None,
        basis=BASIS,
        evidence=evidence,
        fix=fix,
        span_ids=[span.id for span in spans],
        place=place,
    )
