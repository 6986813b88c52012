"""Which lines of the application led here: the stack without libraries, perfkit and the standard library.

A frame is the application's unless its file lies in the standard library, in site-packages or in perfkit.
Frames and paths are shared between spans, so that a million spans from one loop hold one path.

Hot code: stacks that were seen are kept as a tree, from the innermost frame outwards, and a stack is known
again by the code of each frame and the offset of its instruction. Code objects are compared and never hashed:
that would read their bytecode, for microseconds.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any

from perfkit.model.trace import Frame

MAX_APPLICATION_FRAMES = 12
"""Deeper paths are cut at the outer end: the inner frames tell two call sites apart."""

MAX_FRAMES = 200
"""How far up the stack is looked at all, so that deep recursion stays cheap."""

MAX_STEPS = 50_000
"""Frames of the stacks that are kept, in all: about 16 MB. They are learnt anew when there are more."""

_INLINED = ("<listcomp>", "<setcomp>", "<dictcomp>")
"""Frames of Python 3.11 that later ones do without (PEP 709)."""

Path = tuple[Frame, ...]

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_STDLIB = os.path.dirname(os.path.realpath(os.__file__)) + os.sep
_SITE_FOLDERS = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_OUTERMOST = (
    *(f"{os.sep}asyncio{os.sep}events.py", f"{os.sep}asyncio{os.sep}base_events.py"),
    *(f"{os.sep}_pytest{os.sep}python.py", f"{os.sep}unittest{os.sep}case.py"),
    f"{_STDLIB}threading.py",
)
"""Files that start the application's code: what called them is the same for every operation."""

_Step = dict[int, tuple[Any, Any, Path | None]]
"""To the next frame outwards, by the offset of its instruction: its code, the step from there, and the path
if nothing further out matters. A second code with that offset is found by the sum of offset and address."""

_END = -1
"""In a step: where the stack ends."""

_files: dict[str, str | None] = {}
_lines: dict[int, Frame | None] = {}
_shared: dict[Path, Path] = {}
_stacks: _Step = {}
_codes: list[CodeType] = []  # keeps their addresses from being used again
_modules = sys.modules


def capture(frame: FrameType | None) -> Path:
    """The application's frames from ``frame`` outwards, innermost first; () where there are none."""
    walk, step, above = frame, _stacks, None
    try:
        while True:
            while walk is not None:
                code, further, path = step[walk.f_lasti]
                if code is not walk.f_code:
                    code, further, path = step[walk.f_lasti + id(walk.f_code)]
                if path is not None:
                    return path
                step = further
                walk = walk.f_back
            if above is None:
                if "greenlet" not in _modules:
                    break
                above = _greenlets_above()
            walk = next(above, None)
            if walk is None:
                break
        return step[_END][1]  # type: ignore[no-any-return]
    except KeyError:
        return _learn(frame)


def line_of(code: CodeType, lasti: int) -> Frame | None:
    """The line of an instruction; None if it is not the application's."""
    key = id(code) + lasti
    if key not in _lines:
        file = shown(code.co_filename)
        function = code.co_qualname.replace(".<locals>", "")
        _lines[key] = None if file is None else Frame(file, _line(code, lasti), function)
        _codes.append(code)
    return _lines[key]


def share(path: Path) -> Path:
    """The same path, as the one object that all spans with it hold."""
    return _shared.setdefault(path, path)


def shown(name: str) -> str | None:
    """The file as shown to people, or None for a file that is not the application's."""
    if name not in _files:
        _files[name] = _shown(name)
    return _files[name]


def forget() -> None:
    """Drop what was learnt; also for a process that changes its working directory."""
    for known in (_files, _lines, _shared, _stacks, _codes):
        known.clear()


def _shown(name: str) -> str | None:
    real = os.path.realpath(name)
    library = real.startswith(_STDLIB) or any(folder in real for folder in _SITE_FOLDERS)
    if name.startswith("<") or library or real.startswith(_PACKAGE):
        return None
    here = os.path.realpath(os.getcwd()) + os.sep
    return real.removeprefix(here).replace(os.sep, "/")


def _learn(start: FrameType | None) -> Path:
    """The path of a stack that was not seen before."""
    if len(_codes) > MAX_STEPS:
        forget()
    found, step = list[Frame](), _stacks
    for count, frame in enumerate(_stack(start), 1):
        outermost = frame.f_code.co_filename.endswith(_OUTERMOST)
        line = None if outermost else line_of(frame.f_code, frame.f_lasti)
        if line is not None:
            _add(found, line)
        if outermost or len(found) == MAX_APPLICATION_FRAMES or count == MAX_FRAMES:
            path = share(tuple(found))
            _next(step, frame, path)
            return path
        step = _next(step, frame, None)
    path = share(tuple(found))
    step[_END] = (None, path, None)
    return path


def _add(found: list[Frame], line: Frame) -> None:
    """Put a frame behind those further in, as Python 3.12 has them: comprehensions have none of their own."""
    if found and found[-1].function.endswith(_INLINED):
        found[-1] = Frame(line.file, found[-1].line, line.function)
    else:
        found.append(line)


def _next(step: _Step, frame: FrameType, path: Path | None) -> _Step:
    code, key = frame.f_code, frame.f_lasti
    if key in step and step[key][0] is not code:
        key += id(code)
    if key not in step:
        step[key] = (code, {}, path)
        _codes.append(code)
    return step[key][1]  # type: ignore[no-any-return]


def _stack(frame: FrameType | None) -> Iterator[FrameType]:
    for start in (frame, *_greenlets_above()):
        step = start
        while step is not None:
            yield step
            step = step.f_back


def _greenlets_above() -> Iterator[FrameType]:
    """Where the greenlets above were left: SQLAlchemy's asyncio calls run in one of their own."""
    library = _modules.get("greenlet")
    above = library.getcurrent().parent if library is not None else None
    while above is not None:
        if above.gr_frame is not None:
            yield above.gr_frame
        above = above.parent


def _line(code: CodeType, lasti: int) -> int:
    for start, end, line in code.co_lines():
        if start <= lasti < end and line is not None:
            return line
    return code.co_firstlineno
