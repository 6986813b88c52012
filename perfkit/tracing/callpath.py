"""Which lines of the application led here: the stack without libraries, perfkit and the standard library.

A frame is the application's unless its file lies in the standard library, in site-packages or in perfkit.
Frames and paths are shared between spans, so that a million spans from one loop hold one path.
"""

from __future__ import annotations

import os
from types import FrameType

from perfkit.model.trace import Frame

MAX_APPLICATION_FRAMES = 12
"""Deeper paths are cut at the outer end: the inner frames tell two call sites apart."""

MAX_FRAMES = 200
"""How far up the stack is looked at all, so that deep recursion stays cheap."""

Path = tuple[Frame, ...]

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_STDLIB = os.path.dirname(os.path.realpath(os.__file__)) + os.sep
_SITE_FOLDERS = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")

# Keyed by file name and not by code object: hashing one of those hashes its bytecode, in microseconds.
_application_file: dict[str, str | None] = {}
_frames: dict[tuple[str, int, str], Frame] = {}
_paths: dict[Path, Path] = {}


def capture(frame: FrameType | None) -> Path:
    """The application's frames from ``frame`` outwards, innermost first; () where there are none."""
    found: list[Frame] = []
    looked_at = 0
    while frame is not None and looked_at < MAX_FRAMES:
        code = frame.f_code
        name = code.co_filename
        file = _application_file[name] if name in _application_file else shown(name)
        if file is not None:
            key = (name, frame.f_lineno, code.co_qualname)
            known = _frames.get(key)
            if known is None:
                known = _frames[key] = Frame(file, frame.f_lineno, code.co_qualname.replace(".<locals>", ""))
            found.append(known)
            if len(found) == MAX_APPLICATION_FRAMES:
                break
        frame = frame.f_back
        looked_at += 1
    path = tuple(found)
    return _paths.setdefault(path, path)


def shown(name: str) -> str | None:
    """The file as shown to people, or None for a file that is not the application's."""
    file = None
    real = os.path.realpath(name)
    generated = name.startswith("<")
    library = real.startswith(_STDLIB) or any(folder in real for folder in _SITE_FOLDERS)
    if not generated and not library and not real.startswith(_PACKAGE):
        here = os.path.realpath(os.getcwd()) + os.sep
        file = real.removeprefix(here).replace(os.sep, "/")
    _application_file[name] = file
    return file


def forget() -> None:
    """Drop what was learnt about files; for a process that changes its working directory."""
    _application_file.clear()
    _frames.clear()
    _paths.clear()
