"""Operations that belong together: one kind of call, to one database or host, from one place of the code.

The key is (scope, target, place, template). ``scope`` is the request that a service was answering, where
the trace has such spans; else the whole recording. ``target`` is the database or host, with the schema that
was chosen on the connection: the same statement for each shard or tenant is no loop. ``place`` is the call
path of the application with recursion folded; where a trace has none, the names of the spans around it.
Tasks and threads are no part of it: a loop spread over ``gather`` or a pool is one loop.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from typing import Any

from perfkit.fingerprints.sql import Statement, describe_sql
from perfkit.model import Frame, Span, peak_overlap

Path = tuple[Frame, ...]

READS = frozenset({"SELECT", "VALUES", "TABLE", "SHOW", "CALL", "EXECUTE", ""})
WRITES = frozenset({"INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE", "UPSERT"})
CURSOR_VERBS = frozenset({"FETCH", "MOVE"})
"""A server-side cursor is read page by page."""

_CHOOSING = (
    "SELECT SET_CONFIG(",
    "SET SEARCH_PATH",
    "SET SCHEMA",
    "USE ",
    "SET ROLE",
    "SET SESSION AUTHORIZATION",
    "SET LOCAL ",
)
"""Statements that turn what follows on the same connection to another tenant."""


class Loop:
    """Operations with one key, in order of their start; ``places`` says from how many places.

    ``spans`` are those that were answered, ``left_out`` those that were not: failed, or refused and sent
    again.
    """

    __slots__ = ("_distinct", "_overlap", "left_out", "placed", "places", "scope", "spans", "target")

    def __init__(self, scope: int, target: Hashable, placed: bool) -> None:
        self.scope = scope
        self.target = target
        self.placed = placed
        self.places = 1
        self.spans: list[Span] = []
        self.left_out: list[Span] = []
        self._overlap = 0
        self._distinct = 0

    @property
    def first(self) -> Span:
        """The first of its operations."""
        return self.spans[0]

    @property
    def template(self) -> str:
        """The statement or URL that they share, masked."""
        return self.first.name

    @property
    def statement(self) -> Statement:
        """What is known about the statement; of a template of Redis or a request, nothing but itself."""
        return statement_of(self.first)

    @property
    def overlap(self) -> int:
        """The most of its operations that were under way at one moment."""
        if not self._overlap:
            self._overlap = peak_overlap(self.spans)
        return self._overlap

    @property
    def timing(self) -> str:
        """Whether they overlap, in words."""
        return "one after another" if self.overlap <= 1 else f"up to {self.overlap} at once"

    @property
    def distinct(self) -> int:
        """How many different parameter sets; where they are not known each counts as one."""
        if not self._distinct:
            self._distinct = self._count_distinct()
        return self._distinct

    def _count_distinct(self) -> int:
        known, unknown = set[Any](), 0
        for span in self.spans:
            params = span.attrs.get("params")
            if params is None:
                unknown += 1
            else:
                known.add(params if isinstance(params, str) else tuple(sorted(params.items())))
        return len(known) + unknown

    @property
    def occasions(self) -> int:
        """How often the program decided on them: once per flush of an ORM, else each time.

        A flush that a query brings about is none: the query is the program's.
        """
        flushes = {
            span.attrs["flush"]
            for span in self.spans
            if "flush" in span.attrs and not span.attrs.get("autoflush")
        }
        return len(flushes) + sum("flush" not in span.attrs for span in self.spans)

    def without_vain(self) -> Loop:
        """The loop without writes that met no row: tried in vain, as where another has been faster."""
        whole = Loop(self.scope, self.target, self.placed)
        whole.spans = [span for span in self.spans if span.attrs.get("rows") != 0]
        return whole


def statement_of(span: Span) -> Statement:
    """The statement of a query; one without a verb where it is no SQL."""
    sql = span.attrs.get("sql")
    if not isinstance(sql, str) or span.attrs.get("system") == "redis":
        return Statement(span.name)
    return describe_sql(sql)


def is_plain_query(span: Span) -> bool:
    """Whether a span is a query that the application itself decided on, with one set of parameters.

    Not so: what an ORM loads ahead or again, what a cursor reads on, executemany, and the catalogue.
    """
    attrs = span.attrs
    return (
        span.kind == "query"
        and span.end_ns >= 0
        and not attrs.get("catalogue")
        and not attrs.get("eager")
        and not attrs.get("refresh")
        and not attrs.get("cursor")
        and attrs.get("many") is None
    )


def query_loops(spans: Iterable[Span], places: Places) -> list[Loop]:
    """All plain queries by their key, in order of the first of each."""
    loops: dict[Hashable, Loop] = {}
    chosen: dict[Any, tuple[str, Any]] = {}
    chooses: dict[str, bool] = {}
    for span in spans:
        if not is_plain_query(span):
            continue
        attrs = span.attrs
        sql = str(attrs.get("sql", span.name))
        chooser = chooses.get(sql)
        if chooser is None:
            chooser = chooses[sql] = sql.upper().startswith(_CHOOSING)
        if chooser:
            chosen[attrs.get("connection")] = (sql, attrs.get("params"))
            continue
        target = (_database(attrs), chosen.get(attrs.get("connection")) if chosen else None)
        _add(loops, (places.scope(span), target, places.of(span), sql), span, span.error is None)
    return [loop for loop in loops.values() if loop.spans]


def request_loops(spans: Iterable[Span], places: Places) -> list[Loop]:
    """All requests that are no batches by their key, in order of the first of each."""
    loops: dict[Hashable, Loop] = {}
    for span in spans:
        attrs = span.attrs
        if span.kind != "request" or span.end_ns < 0 or attrs.get("batch") or attrs.get("opaque"):
            continue
        what = (attrs.get("method"), attrs.get("template"), attrs.get("body"))
        key = (places.scope(span), attrs.get("host"), places.of(span), *what)
        _add(loops, key, span, is_answered(span))
    return [loop for loop in loops.values() if loop.spans]


def regardless_of_place(loops: Iterable[Loop]) -> list[Loop]:
    """The loops, with those put together that differ by their place alone, if no lines are known.

    What asks for the same again need not be a loop: each layer of a program may do so.
    """
    found: list[Loop] = []
    whole: dict[Hashable, Loop] = {}
    for loop in loops:
        key = (loop.scope, loop.target, loop.template, loop.first.attrs.get("body"))
        known = None if loop.placed else whole.get(key)
        if known is None:
            known = Loop(loop.scope, loop.target, loop.placed)
            known.spans, known.left_out = list(loop.spans), loop.left_out
            found.append(known)
            whole[key] = known
        else:
            known.spans += loop.spans
            known.places += 1
    for loop in found:
        if loop.places > 1:
            loop.spans.sort(key=lambda span: span.start_ns)
    return found


REFUSED = frozenset({429, 503})
"""Statuses that say "later": the call was not answered, so it is no call of the loop."""


def is_answered(span: Span) -> bool:
    """Whether a request got an answer of its own: not refused, not redirected from another."""
    return not is_refused(span) and not span.attrs.get("redirect")


def is_refused(span: Span) -> bool:
    """Whether a request was told to come back later."""
    return span.attrs.get("status") in REFUSED


def _add(loops: dict[Hashable, Loop], key: Any, span: Span, answered: bool) -> None:
    loop = loops.get(key)
    if loop is None:
        loop = loops[key] = Loop(key[0], key[1], bool(span.path))
    (loop.spans if answered else loop.left_out).append(span)


def _database(attrs: dict[str, Any]) -> tuple[Any, ...]:
    database = attrs.get("database")
    # every connection to an SQLite database in memory has one of its own
    alone = attrs.get("connection") if attrs.get("system") == "sqlite" and database in _IN_MEMORY else None
    return (attrs.get("system"), attrs.get("host"), database, attrs.get("alias"), alone)


_IN_MEMORY = ("", ":memory:")


class Places:
    """Where spans belong: their scope and their place in the code, for the spans of one trace.

    The names of the spans above an operation are kept as the number of a *trail*: a name and the trail above.
    """

    def __init__(self, spans: list[Span]) -> None:
        self._folded: dict[Path, Path] = {}
        self._trails: dict[tuple[str, int], int] = {}
        self._names: list[tuple[str, int]] = [("", 0)]
        self._masked: dict[str, str] = {}
        parents = {span.parent for span in spans if span.parent is not None}
        self._above: dict[int, tuple[int, int]] = {}
        if parents:
            for span in spans:  # parents come before their children
                if span.id in parents:
                    self._above[span.id] = self._enter(span)

    def scope(self, span: Span) -> int:
        """The number of the span in which a service answers a request, the nearest above; else 0."""
        return self._around(span)[0]

    def of(self, span: Span) -> Hashable:
        """The call path with recursion folded, or else the names of the spans above within the scope."""
        path = span.path
        if not path:
            return self._around(span)[1]
        folded = self._folded.get(path)
        if folded is None:
            folded = self._folded[path] = fold(path)
        return folded

    def names_above(self, span: Span) -> list[str]:
        """The names of the spans above within the scope, the outermost first; at most MAX_NAMES."""
        names: list[str] = []
        trail = self._around(span)[1]
        while trail and len(names) < MAX_NAMES:
            name, trail = self._names[trail]
            names.append(name)
        return names[::-1]

    def _around(self, span: Span) -> tuple[int, int]:
        """Scope and trail of what lies directly above ``span``."""
        return _OUTSIDE if span.parent is None else self._above.get(span.parent, _OUTSIDE)

    def _enter(self, span: Span) -> tuple[int, int]:
        """Scope and trail for what lies directly below ``span``."""
        scope, trail = (span.id, 0) if span.attrs.get("entry") else self._around(span)
        name = self._masked.get(span.name)
        if name is None:
            name = self._masked[span.name] = _NUMBER.sub("{n}", span.name)
        key = (name, trail)
        number = self._trails.get(key)
        if number is None:
            number = self._trails[key] = len(self._names)
            self._names.append(key)
        return scope, number


_NUMBER = re.compile(r"\d+")
"""Spans are named after what they are for, too: ``resolve books.3.author``."""

MAX_NAMES = 100
_OUTSIDE = (0, 0)


def fold(path: Path) -> Path:
    """The path with each frame once: a function that calls itself is one place at every depth.

    >>> a, b = Frame("t.py", 1, "walk"), Frame("t.py", 9, "main")
    >>> fold((a, a, a, b)) == (a, b)
    True
    """
    return tuple(dict.fromkeys(path))
