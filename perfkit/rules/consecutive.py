"""Calls that could overlap, in traces without call paths: what the spans alone can tell.

There is no source to read, so everything must speak for it: siblings below one span, requests that only ask,
five or more in a row with hardly a gap and nothing else between, to different templates, none of which
continues an earlier one's path or sends a value that was not there before the first was answered.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from perfkit.model import Span
from perfkit.rules.loops import is_answered
from perfkit.rules.view import View

GAP = 4
"""A pause between two calls is at most a quarter of the shorter one: too short to do anything in."""

REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ASKING = frozenset({"GET", "HEAD"})


def consecutive(view: View) -> list[list[Span]]:
    """The runs of calls, each of at least ``limits.min_calls_imported``, in order of their parents."""
    needed = view.limits.min_calls_imported
    parents: dict[int, int] = defaultdict(int)
    for loop in view.request_loops:
        if not loop.placed and len(loop.spans) < needed and loop.first.attrs.get("method") in _ASKING:
            for span in loop.spans:
                if span.parent is not None and not span.task:
                    parents[span.parent] += 1
    wanted = {parent for parent, count in parents.items() if count >= needed}
    if not wanted:
        return []
    items = {span.id for _, named in view.named_items for span in named.spans}
    children: dict[int, list[Span]] = defaultdict(list)
    above: dict[int, Span] = {}
    for span in view.trace.spans:
        if span.id in wanted:
            above[span.id] = span
        if span.parent in wanted and span.kind not in ("connect", "allow") and span.id not in items:
            children[span.parent].append(span)
    runs = (run for parent in sorted(children) for run in _runs(children[parent], above.get(parent)))
    return [run for run in runs if len(run) >= needed and len({span.name for span in run}) > 1]


def _runs(siblings: list[Span], parent: Span | None) -> Iterator[list[Span]]:
    """Siblings that follow each other closely, and of which none can have fed another."""
    run: list[Span] = []
    values, asked = _Values(parent), set[tuple[object, str]]()
    for span in siblings:
        if run and not (_follows(run[-1], span) and values.has(span) and not _continues(span, asked)):
            yield run
            run = []
        if _asks(span):
            if not run:
                values, asked = _Values(parent, span), set()
            run.append(span)
            asked.add((span.attrs.get("host"), _path(span)))
    yield run


def _asks(span: Span) -> bool:
    attrs = span.attrs
    asks = span.kind == "request" and attrs.get("method") in _ASKING and span.end_ns >= 0
    if attrs.get("status") in REDIRECTS:
        return False  # what it points to is the call
    return asks and is_answered(span) and not attrs.get("retry") and not attrs.get("entry")


def _follows(before: Span, span: Span) -> bool:
    gap = span.start_ns - before.end_ns
    return _asks(span) and 0 <= gap * GAP <= min(before.duration_ns, span.duration_ns)


def _continues(span: Span, asked: set[tuple[object, str]]) -> bool:
    """Whether its path goes on from that of an earlier call: /users/{id} and /users/{id}/orders."""
    host, path = span.attrs.get("host"), _path(span)
    ends = (place for place, letter in enumerate(path) if letter == "/")
    return any((host, path[:end]) in asked for end in ends)


def _path(span: Span) -> str:
    return str(span.attrs.get("template", "")).partition("?")[0].rstrip("/")


_VALUE = re.compile(r"[{<\[]\w|/:\w")
"""Begins a parameter in the name of a route: /users/{id}, <pk>, :id, [id]."""


class _Values:
    """What was there to be sent before the first call of a row was answered.

    That is what the first call sent itself, and what the request was about that is being answered: whose
    values are not known one by one, so that each lets one later value pass.
    """

    def __init__(self, parent: Span | None, first: Span | None = None) -> None:
        self._sent = {value for span in (parent, first) if span is not None for value in _sent(span)}
        route = "" if parent is None else str(parent.attrs.get("template", parent.name))
        self._free = len(_VALUE.findall(route))

    def has(self, span: Span) -> bool:
        """Whether all that a call sends can have been there."""
        new = _sent(span) - self._sent
        if len(new) > self._free:
            return False
        self._free -= len(new)
        self._sent |= new
        return True


def _sent(span: Span) -> set[str]:
    """Hashes of the values in path, query and body; where they are not known, what they stand for."""
    attrs, params = span.attrs, span.attrs.get("params")
    if params is not None:
        given = {str(value) for name, value in params.items() if name != "path"}
    else:
        given = {f"?{part}" for part in str(attrs.get("template", "")).partition("?")[2].split("&") if part}
    ids, path = attrs.get("ids"), _path(span)
    if ids is not None:
        return given | set(ids)
    return given | ({f"{attrs.get('host')}{path[: path.rindex('}')]}"} if "}" in path else set())
