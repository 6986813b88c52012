"""Operations that several libraries recorded, one around the other, made one again.

An ORM's span lies around its driver's span for the same query, one HTTP client's around another's. Counted
both, each call would be two. Where the outer one turns out to hold several operations, it is no operation.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from perfkit.fingerprints.sql import describe_sql
from perfkit.model import Span

MAX_AT_ONCE = 64
"""So many calls under way at once are looked at for the one that another lies in."""

_LAYERED = ("query", "request")
_PLAIN = ("span", "connect")


def merge_layers(spans: list[Span], above: list[int], order: list[int]) -> dict[int, int]:
    """The place of each inner span that is the same operation as one above it, and the place of that one.

    ``above`` are the places of the parents (-1: none), ``order`` all places, parents first. Changes the outer
    spans: they take up what only the inner ones know, or become plain ones.
    """
    around = _around(spans, above, order)
    dropped: dict[int, int] = {}
    inner: defaultdict[int, list[int]] = defaultdict(list)
    for place in reversed(order):
        span, outer = spans[place], around[place]
        if span.kind not in _LAYERED:
            continue
        parts = inner.pop(place, [])
        is_inside = outer >= 0 and _covers(spans[outer], span)
        if is_inside and (spans[outer].kind, span.kind) == ("query", "request"):
            dropped.update(dict.fromkeys(parts, place))
            dropped[place] = outer  # how the query travels
            continue
        is_part = is_inside and spans[outer].kind == span.kind
        same = [part for part in parts if _is_same(span, spans[part])]
        if same and len(parts) > 1:
            span.kind = "span"
        elif same:
            dropped[same[0]] = place
            _take_up(span, spans[same[0]])
        if is_part:
            inner[outer] += parts if span.kind == "span" else [place]
    for place in reversed(dropped):  # the outermost first
        dropped[place] = dropped.get(dropped[place], dropped[place])
    return dropped


def adopt(spans: list[Span], above: list[int]) -> None:
    """Put calls below those around them that stand beside them: the same call, by another tracer.

    A library whose span never becomes the current one has what is below it beside it.
    """
    groups: defaultdict[Any, list[int]] = defaultdict(list)
    for place, span in enumerate(spans):
        if span.kind in _LAYERED and span.end_ns >= 0 and "tracer" in span.attrs:
            attrs = span.attrs
            what = tuple(attrs.get(key) for key in ("sql", "host", "method", "template"))
            groups[span.parent, what[1:] if span.kind == "request" else what[0]].append(place)
    for group in groups.values():
        if len({spans[place].attrs["tracer"] for place in group}) > 1:
            _adopt(
                sorted(group, key=lambda place: (spans[place].start_ns, -spans[place].end_ns)), spans, above
            )


def _adopt(group: list[int], spans: list[Span], above: list[int]) -> None:
    under_way: list[int] = []
    taken = set[int]()
    for place in group:
        span = spans[place]
        under_way = [one for one in under_way if spans[one].end_ns >= span.start_ns][-MAX_AT_ONCE:]
        around = [
            one
            for one in under_way
            if spans[one].end_ns >= span.end_ns and spans[one].attrs["tracer"] != span.attrs["tracer"]
        ]
        if around:
            # of calls at once, each has one inside it
            above[place] = max(around, key=lambda one: (one not in taken, spans[one].start_ns))
            taken.add(above[place])
        under_way.append(place)


def _around(spans: list[Span], above: list[int], order: list[int]) -> list[int]:
    """The nearest above each that is no plain span, or answers a request; -1 where there is none."""
    around = [-1] * len(spans)
    for place in order:
        parent = above[place]
        if parent >= 0 and spans[parent].kind in _PLAIN and not spans[parent].attrs.get("entry"):
            parent = around[parent]
        around[place] = parent
    return around


def _covers(outer: Span, inner: Span) -> bool:
    """Whether the inner one began within the outer one, which waited for it."""
    return outer.end_ns < 0 or inner.start_ns <= outer.end_ns


def _is_same(outer: Span, inner: Span) -> bool:
    mine, its = outer.attrs, inner.attrs
    if outer.kind == "request":
        if "params" not in mine:
            return True  # a remote procedure call, and what it is made of
        same_host = not mine.get("host") or not its.get("host") or mine["host"] == its["host"]
        return same_host and mine.get("method") == its.get("method")
    if mine.get("sql") == its.get("sql"):
        return True
    outer_statement, inner_statement = describe_sql(str(mine.get("sql"))), describe_sql(str(its.get("sql")))
    verbs = {outer_statement.verb, inner_statement.verb} - {""}
    # one of them knows what is done, and not the statement
    return len(verbs) <= 1 and not (outer_statement.tables and inner_statement.tables)


def _take_up(outer: Span, inner: Span) -> None:
    """What the inner one knows better: the statement itself, parameters, rows, the answer's status."""
    mine, its = dict(outer.attrs), inner.attrs
    is_named = mine.get("sql") == its.get("sql") or describe_sql(str(mine.get("sql"))).tables
    if outer.kind == "query" and not is_named:
        outer.name = inner.name
        for key in ("sql", "params", "listed", "each", "catalogue"):
            mine.pop(key, None)
    for key, value in its.items():
        if key != "entry" and mine.get(key) in (None, "", 0, {}):
            mine[key] = value
    outer.attrs = mine
