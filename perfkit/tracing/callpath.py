"""Which lines of the application led here: the stack without libraries, perfkit and the standard library.

A frame is the application's unless its file lies in the standard library, in site-packages or in perfkit.
Frames and paths are shared between spans, so that a million spans from one loop hold one path.

Hot code: a line is known by the address of its instruction, ``id(code) + lasti``, since the bytecode lies
inside the code object. A code object as a dict key would be hashed by its bytecode, in microseconds.
"""

from __future__ import annotations

import os
import sys
from types import CodeType, FrameType

from perfkit.model.trace import Frame

MAX_APPLICATION_FRAMES = 12
"""Deeper paths are cut at the outer end: the inner frames tell two call sites apart."""

MAX_FRAMES = 200
"""How far up the stack is looked at all, so that deep recursion stays cheap."""

MAX_PATHS = 100_000
"""Known paths; all are learnt anew when there are more, as in code that calls itself in many ways."""

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

_APPLICATION, _LIBRARY, _END = 1, 0, -1
_kinds: dict[str, int] = {}
_files: dict[str, str | None] = {}
_lines: dict[int, Frame | None] = {}
_paths: dict[tuple[int, ...], Path] = {}
_shared: dict[Path, Path] = {}
_WALK = range(MAX_FRAMES)
_codes: list[CodeType] = []  # keeps the addresses above from being used again
_modules = sys.modules


def capture(frame: FrameType | None) -> Path:
    """The application's frames from ``frame`` outwards, innermost first; () where there are none."""
    found: list[int] = []
    if _walk(frame, found) and "greenlet" in _modules:
        for above in _greenlets_above():
            _walk(above, found)
    key = tuple(found) if len(found) <= MAX_APPLICATION_FRAMES else tuple(found[:MAX_APPLICATION_FRAMES])
    path = _paths.get(key)
    return path if path is not None else _remember(key, frame)


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
    for known in (_kinds, _files, _lines, _paths, _shared, _codes):
        known.clear()


def _shown(name: str) -> str | None:
    real = os.path.realpath(name)
    library = real.startswith(_STDLIB) or any(folder in real for folder in _SITE_FOLDERS)
    if name.startswith("<") or library or real.startswith(_PACKAGE):
        return None
    here = os.path.realpath(os.getcwd()) + os.sep
    return real.removeprefix(here).replace(os.sep, "/")


def _learn(name: str) -> int:
    ours = _LIBRARY if shown(name) is None else _APPLICATION
    _kinds[name] = kind = _END if name.endswith(_OUTERMOST) else ours
    return kind


def _walk(frame: FrameType | None, found: list[int]) -> bool:
    """Add the application's instructions to ``found``; whether the stack ended before any of _OUTERMOST."""
    add, kinds = found.append, _kinds
    for _ in _WALK:
        if frame is None:
            return True
        code = frame.f_code
        kind = kinds.get(code.co_filename)
        if kind is None:
            kind = _learn(code.co_filename)
        if kind > 0:
            add(id(code) + frame.f_lasti)
        elif kind < 0:
            return False
        frame = frame.f_back
    return False


def _remember(key: tuple[int, ...], frame: FrameType | None) -> Path:
    """Walk the stack again, this time for people: only once for each path."""
    if len(_paths) >= MAX_PATHS:
        forget()
    wanted, found = set(key), list[Frame]()
    for start in (frame, *_greenlets_above()):
        step = start
        while step is not None and len(found) < len(key):
            if id(step.f_code) + step.f_lasti in wanted:
                line = line_of(step.f_code, step.f_lasti)
                found += [] if line is None else [line]
            step = step.f_back
    path = share(tuple(found))
    _paths[key] = path
    return path


def _greenlets_above() -> list[FrameType]:
    """Where the greenlets above the running one were left: SQLAlchemy's asyncio calls run in their own."""
    library = _modules.get("greenlet")
    frames, above = [], library.getcurrent().parent if library is not None else None
    while above is not None:
        if above.gr_frame is not None:
            frames.append(above.gr_frame)
        above = above.parent
    return frames


def _line(code: CodeType, lasti: int) -> int:
    for start, end, line in code.co_lines():
        if start <= lasti < end and line is not None:
            return line
    return code.co_firstlineno
