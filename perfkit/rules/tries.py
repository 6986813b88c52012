"""Loops that try one call again until it works, or read one answer to its end: not where items come from."""

from __future__ import annotations

from perfkit.model import Frame
from perfkit.rules.sources import Sources

COUNTERS = frozenset({"range", "count", "repeat", "cycle"})
"""Functions whose values say how often, and not what for."""


def is_tried_again(frame: Frame, sources: Sources) -> bool:
    """Whether the innermost loop around the line counts or waits, and is left as soon as a call has worked.

    ``while True: ... return answer`` or ``for attempt in range(3): ... break``.
    """
    import ast

    source = sources.of(frame)
    if source is None:
        return False
    loops = [n for n in source.chain(frame.line) if isinstance(n, (ast.For, ast.AsyncFor, ast.While))]
    if not loops:
        return False
    loop = loops[-1]
    counts = isinstance(loop, ast.While) or _called(loop.iter) in COUNTERS
    return counts and any(isinstance(n, (ast.Return, ast.Break)) for n in ast.walk(loop))


def _called(node: object) -> str:
    """The name of the function that an expression calls; "" if it is no call."""
    import ast

    if not isinstance(node, ast.Call):
        return ""
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
