"""Requests for one item each whose name is a word, in traces without call paths: /rates/EUR, /rates/USD ...

A path's numbers and identifiers are masked, words are not, so that each of these has a template of its own.
They are one loop if many of them below one span differ by the last part of the path alone, behind the name of
a collection. Endpoints that stand side by side, /api/news and /api/menu, are none.
"""

from __future__ import annotations

from collections.abc import Hashable

from perfkit.model import Span
from perfkit.rules.loops import Loop
from perfkit.rules.view import View

MIN_NAMES = 8
"""Fewer may as well be different questions."""

NAME = "{name}"

_ASKING = frozenset({"GET", "HEAD"})
_NO_COLLECTIONS = frozenset({"apis", "services", "rest", "resources"})


def named_items(view: View) -> list[tuple[str, Loop]]:
    """What is asked for, with the name masked, and the calls as one loop."""
    groups: dict[Hashable, list[Loop]] = {}
    for loop in view.request_loops:
        if not loop.placed and loop.first.attrs.get("method") in _ASKING:
            before, _, name = str(loop.first.attrs.get("template", "")).partition("?")[0].rpartition("/")
            if "{" not in name and _is_collection(before.rpartition("/")[2]):
                key = (loop.scope, loop.target, loop.first.parent, loop.first.attrs["method"], before)
                groups.setdefault(key, []).append(loop)
    return [_as_one(loops) for loops in groups.values() if len(loops) >= MIN_NAMES]


def _is_collection(word: str) -> bool:
    return word.endswith("s") and word not in _NO_COLLECTIONS


def _as_one(loops: list[Loop]) -> tuple[str, Loop]:
    first = loops[0].first
    whole = Loop(loops[0].scope, loops[0].target, placed=False)
    whole.spans = sorted((span for loop in loops for span in loop.spans), key=_start)
    whole.left_out = [span for loop in loops for span in loop.left_out]
    before = str(first.attrs["template"]).partition("?")[0].rpartition("/")[0]
    return f"{first.attrs['method']} {first.attrs.get('host', '')}{before}/{NAME}", whole


def _start(span: Span) -> int:
    return span.start_ns
