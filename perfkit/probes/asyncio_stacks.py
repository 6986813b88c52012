"""The stack of a step that holds an event loop up, as it was at one moment, and what it tells."""

from __future__ import annotations

from itertools import islice
from token import NAME
from types import CodeType, FrameType
from typing import Any, NamedTuple

from perfkit.tracing.callpath import MAX_FRAMES, shown


class Still(NamedTuple):
    """A frame as it was at one moment; the real one goes on."""

    f_code: CodeType
    f_lasti: int
    f_globals: dict[str, Any]
    f_back: Still | None


def still_of(frame: FrameType | None) -> Still | None:
    """The stack from ``frame`` outwards as it is now."""
    frames = list[FrameType]()
    while frame is not None and len(frames) < MAX_FRAMES:
        frames.append(frame)
        frame = frame.f_back
    still = None
    for frame in reversed(frames):
        still = Still(frame.f_code, frame.f_lasti, frame.f_globals, still)
    return still


def inside(frame: Any) -> str:
    """The innermost function below the application, by its module's name and its own; "" without one.

    Finalizers do not count: they run wherever the garbage collector happens to.
    """
    found = ""
    while frame is not None and shown(frame.f_code.co_filename) is None:
        module = str(frame.f_globals.get("__name__", ""))
        if frame.f_code.co_name == "__del__":
            found = ""
        elif not found and module.partition(".")[0] != "perfkit":
            found = f"{module}.{frame.f_code.co_qualname}".replace(".<locals>", "")
        frame = frame.f_back
    return found


def call_of(frame: Any) -> str:
    """What the application's innermost line calls, as it is written there; "" if that cannot be told."""
    while frame is not None and shown(frame.f_code.co_filename) is None:
        frame = frame.f_back
    return "" if frame is None else callee(_expression(frame))


def is_after(frame: Any) -> bool:
    """Whether what held the loop up is over: nothing runs but a line of the application that awaits."""
    if frame is None or shown(frame.f_code.co_filename) is None:
        return False
    return _expression(frame).startswith("await ")


def _expression(frame: Any) -> str:
    """The text of what a frame does now; "" if that cannot be told."""
    import linecache

    first, last, begin, end = next(islice(frame.f_code.co_positions(), frame.f_lasti // 2, None))
    lines = [line.encode() for line in linecache.getlines(frame.f_code.co_filename, frame.f_globals)]
    if first is None or last is None or begin is None or end is None or last > len(lines):
        return ""
    lines = lines[first - 1 : last]
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][begin:]
    return b"".join(lines).decode()


def callee(expression: str) -> str:
    """The dotted name that a call's text begins with, or of a chain of calls the last one's."""
    from io import StringIO
    from tokenize import COMMENT, NL, generate_tokens

    names, called, depth = list[str](), list[str](), 0
    for kind, text, *_ in generate_tokens(StringIO(f"({expression})").readline):
        if text == "(" and depth == 1:
            called = names
        if text in ("(", "[", "{"):
            depth += 1
        elif text in (")", "]", "}"):
            depth -= 1
            names = []
        elif depth == 1 and kind == NAME:
            names = [*names, text] if text != "await" else names
        elif depth == 1 and text != "." and kind not in (COMMENT, NL):
            return ""
    return ".".join(called)
