"""What looks like a loop of queries and is the cure for one: pages of a result, and lists cut into chunks."""

from __future__ import annotations

import re
from itertools import islice
from statistics import median
from typing import Any

from perfkit.fingerprints.sql import EXPANDING
from perfkit.model import Span
from perfkit.rules.loops import CURSOR_VERBS, Loop

CHUNK = 10
"""A list at least so long is a chunk even where it is not known which parameters differ."""

_SAMPLE = 1_000
"""So many spans of a loop are looked at: what they have in common shows in fewer."""

_PLACEHOLDER = re.compile(r"\?")
_KEYSET = re.compile(r"[<>]=?\s*\(?\?")
_ORDER = re.compile(r"\bORDER BY\b")
_RANGE = re.compile(r"BETWEEN \? AND \?|[<>]=? \?")
_OUTSIDE_LIST = re.compile(r"(?:=|<|>|LIKE|ILIKE) \?")
_IN_LIST = re.compile(r"IN \([^()]*\)")


def is_paging(loop: Loop) -> bool:
    """Whether the calls read one result page by page: by a cursor, by offset, by key, or by ranges.

    A query for each item may have a LIMIT, too. So the parameters that differ must be those of the page, as
    far as it is known which do.
    """
    statement = loop.statement
    if statement.verb in CURSOR_VERBS:
        return True
    if not (statement.offset or statement.ranged):
        return False
    template = statement.template
    paged = statement.limit or statement.offset
    if not (paged and (statement.offset or _ORDER.search(template))) and not _is_range(loop):
        return False
    rows = [span.attrs.get("rows") for span in islice(loop.spans, _SAMPLE)]
    if not statement.offset and not any(number is None or number > 1 for number in rows):
        return False  # the next one of each item
    names = _varying_names(loop, template)
    if names is not None:
        return all(name in ("page", "range") for name in names)
    # which parameters differ is not known: pages are full but for the last
    if any(number is None for number in rows):
        asked = template.partition(" WHERE ")[2] or template
        filtered = bool(_OUTSIDE_LIST.search(_RANGE.sub("", asked)))
        return not filtered or (statement.offset and bool(_ORDER.search(template)))
    return _are_pages([number or 0 for number in rows])


def _are_pages(rows: list[int]) -> bool:
    """Whether all pages are full but for the last, behind which there may be an empty one."""
    if rows and rows[-1] == 0:
        rows = rows[:-1]
    return bool(rows) and rows[0] > 1 and set(rows[:-1]) <= {rows[0]} and rows[-1] <= rows[0]


def _is_range(loop: Loop) -> bool:
    """Whether it asks for what lies between two values: a day, a block of keys."""
    template = loop.statement.template
    return "BETWEEN ? AND ?" in template or len(_KEYSET.findall(template)) >= 2


def _varying_names(loop: Loop, template: str) -> list[str] | None:
    """What each differing parameter is for: "page", "range", "list" or "key"; None if that is not known."""
    places = [match.start() for match in _PLACEHOLDER.finditer(template)]
    varying = varying_positions(loop.spans)
    if varying is None or len(places) != varying[1]:
        return None
    return [_role(template, places[position]) for position in varying[0]]


def _role(template: str, place: int) -> str:
    before = template[:place].rstrip(" (")
    if before.endswith(("OFFSET", "LIMIT")) or _AFTER_LIMIT.search(before):
        return "page"
    if before.endswith((">", "<", ">=", "<=", "BETWEEN")) or _IN_RANGE.search(before):
        return "range"
    return "list" if before.rpartition(" ")[2].rpartition("(")[2].upper() in EXPANDING else "key"


_AFTER_LIMIT = re.compile(r"LIMIT \?,$")
_IN_RANGE = re.compile(r"(?:BETWEEN \? AND|[<>]=? \((?:\?, ?)*\?,)$")
"""Behind ``BETWEEN ? AND``, or in ``(a, b) > (?, ``."""


def varying_positions(spans: list[Span], name: str = "each") -> tuple[list[int], int] | None:
    """Which parameters differ between the calls, and how many there are; None if the trace does not say.

    ``name`` is "each" for the statement's values in their order, literals among them, or "parameters" for
    those that were given, in any order.
    """
    each: list[Any] = [span.attrs.get(name) for span in islice(spans, _SAMPLE)]
    first = each[0] if each else None
    if not first or any(not e or len(e) != len(first) for e in each):
        return None
    columns = list(zip(*each, strict=True))
    return [place for place, column in enumerate(columns) if len(set(column)) > 1], len(columns)


def is_chunked(loop: Loop) -> bool:
    """Whether each call but perhaps the last asks for several items at once, by a list.

    A list that is the same in each call, ``status IN ('new', 'open')``, is a filter beside the item's key.
    """
    if not loop.statement.lists:
        return False
    # of = ANY(?) with an array too long to be looked at the length is not known
    sizes = [span.attrs.get("listed", CHUNK) for span in islice(loop.spans, _SAMPLE)]
    if max(sizes) <= 1:
        return False
    names = _varying_names(loop, loop.statement.template)
    if names is not None:
        return names == ["list"]
    usual = sizes[0]
    if any(size != usual for size in sizes[1:-1]) or sizes[-1] > usual:
        # items with lists of their own, or chunks of a size that depends on something else
        return bool(median(sizes) >= CHUNK)
    alike = [span for span, size in zip(loop.spans, sizes, strict=False) if size == usual]
    varying = varying_positions(alike, "parameters")
    if varying is not None and len(alike) > 1:
        return len(varying[0]) > 1
    return bool(usual >= CHUNK) or not _OUTSIDE_LIST.search(_IN_LIST.sub("", loop.statement.template))
