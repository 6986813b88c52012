"""Calls that could overlap, in traces without call paths: what the spans alone can tell.

There is no source to read, so everything must speak for it: siblings below one span, requests that only ask,
five or more in a row with hardly a gap and nothing else between, to different templates, none of which
continues an earlier one's path or sends a value that the first had not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from perfkit.model import Span
from perfkit.rules.loops import is_answered
from perfkit.rules.view import View

GAP = 4
"""A pause between two calls is at most a quarter of the shorter one: too short to do anything in."""

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
    children: dict[int, list[Span]] = defaultdict(list)
    for span in view.trace.spans:
        if span.parent in wanted and span.kind not in ("connect", "allow"):
            children[span.parent].append(span)
    runs = (run for parent in sorted(children) for run in _runs(children[parent]))
    return [run for run in runs if len(run) >= needed and len({span.name for span in run}) > 1]


def _runs(siblings: list[Span]) -> Iterator[list[Span]]:
    """Siblings that follow each other closely, and of which none can have fed another."""
    run: list[Span] = []
    for span in siblings:
        if run and not (_follows(run[-1], span) and _is_known(span, run)):
            yield run
            run = []
        if _asks(span):
            run.append(span)
    yield run


def _asks(span: Span) -> bool:
    attrs = span.attrs
    asks = span.kind == "request" and attrs.get("method") in _ASKING and span.end_ns >= 0
    return asks and is_answered(span) and not attrs.get("retry")


def _follows(before: Span, span: Span) -> bool:
    gap = span.start_ns - before.end_ns
    return _asks(span) and 0 <= gap * GAP <= min(before.duration_ns, span.duration_ns)


def _is_known(span: Span, run: list[Span]) -> bool:
    """Whether all that a call sends was there before the first was answered."""
    if not _values(span) <= _values(run[0]):
        return False
    host, path = span.attrs.get("host"), _path(span)
    return not any(other.attrs.get("host") == host and path.startswith(f"{_path(other)}/") for other in run)


def _path(span: Span) -> str:
    return str(span.attrs.get("template", "")).partition("?")[0].rstrip("/")


def _values(span: Span) -> set[str]:
    """Hashes of the values it sends, or else their names; a masked path counts as one."""
    params = span.attrs.get("params")
    if params is None:
        _, _, query = str(span.attrs.get("template", "")).partition("?")
        values = {f"?{part}" for part in query.split("&") if part}
    else:
        values = {str(value) for name, value in params.items() if name != "path"}
    return values | {"path"} if "{" in _path(span) else values
