"""Frames as people read them: lines of the application by file and function, libraries by module.

Tools give a file as Python compiled it, a line and the bare name of a function (or none). The application's
frames are shown as call paths show them; the frames of profiling itself are left out.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType

from perfkit.model.trace import Frame
from perfkit.profiling.tree import Place
from perfkit.tracing.callpath import shown

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_WRAPPING = f"{_HERE}wrapping.py"

_IMPORTING = "<frozen importlib"
"""Between an import and the module imported; Python leaves it out of tracebacks, too."""


def is_wrapper(file: str) -> bool:
    """Whether the frames of a file are those around decorated functions."""
    return file == _WRAPPING


def is_machinery(file: str) -> bool:
    """Whether the frames of a file belong to taking a capture, and what they call with them."""
    return file.startswith(_HERE) and not is_wrapper(file)


class Places:
    """Raw frames turned into places, each only once. One for each reading of a profile."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, str], Place | None] = {}
        self._modules: dict[str, str] = {}

    def __call__(self, file: str, line: int, name: str) -> Place | None:
        """The place of a frame, or None if nobody wants to see it. ``name`` is "" where it is unknown."""
        key = (file, line, name)
        if key not in self._known:
            self._known[key] = self._place(file, line, name)
        return self._known[key]

    def _place(self, file: str, line: int, name: str) -> Place | None:
        application = shown(file)
        if application is not None:
            return Place(Frame(application, line, _function(file, line, name)), application=True)
        if is_wrapper(file) or file.startswith(_IMPORTING):
            return None
        if file not in self._modules:
            self._modules[file] = module_name(file)
        return Place(Frame(self._modules[file], 0 if name else line, name), application=False)


def module_name(file: str) -> str:
    """A library's file as the module it holds.

    >>> module_name("<frozen importlib._bootstrap>"), module_name("<built-in>")
    ('importlib._bootstrap', '<built-in>')
    >>> module_name(os.__file__)
    'os'
    """
    if file.startswith("<"):
        return file[len("<frozen ") : -1] if file.startswith("<frozen ") else file
    folders = [os.path.join(place, "") for place in sys.path if place]
    inside = [folder for folder in folders if file.startswith(folder)]
    rest = file.removeprefix(max(inside, key=len)) if inside else os.path.basename(file)
    return rest.removesuffix(".py").removesuffix(f"{os.sep}__init__").replace(os.sep, ".")


def _function(file: str, line: int, name: str) -> str:
    """The qualified name of the function ``name`` with that line; without name, of the innermost there."""
    return _functions(file).get((name, line), name)


@lru_cache(maxsize=512)
def _functions(file: str) -> dict[tuple[str, int], str]:
    """The qualified names of a file's functions, by bare name and line; {} where the source cannot be had."""
    import linecache
    import warnings

    lines = linecache.getlines(file)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Python has to say on this source, it said when it ran
            module = compile("".join(lines), file, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found: dict[tuple[str, int], str] = {}
    for code in _codes(module):
        shown_as = code.co_qualname.replace(".<locals>", "")
        for line in {line for _, _, line in code.co_lines() if line}:
            found.setdefault((code.co_name, line), shown_as)
            # comprehensions and lambdas share their lines with the function people look for
            if ("", line) not in found or not code.co_name.startswith("<"):
                found["", line] = shown_as
    return found


def _codes(code: CodeType) -> Iterator[CodeType]:
    """The code object and all inside it, outer ones first."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)
