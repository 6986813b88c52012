"""The program's own source files, as far as call paths name them: which can be read, and fit.

Only files that a call path names are read, and nothing of their text leaves these modules. A file that is
missing, broken or no ordinary file, or has changed so that the function is no longer at that line, says
nothing. What a file says is ``parsed``'s to know, which is imported once one is asked for.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from perfkit.model import Frame

if TYPE_CHECKING:
    from perfkit.rules.parsed import Source

MAX_SOURCE_BYTES = 5_000_000
"""Larger files are not read."""


class Sources:
    """The source files below ``root`` (default: the working directory), each read at most once."""

    def __init__(self, root: str | None = None) -> None:
        self._root = root
        self._files: dict[str, Source | None] = {}
        self._loops: dict[Frame, bool] = {}
        self._wrappers: dict[Frame, bool] = {}

    def of(self, frame: Frame) -> Source | None:
        """The file a frame lies in; None if it cannot be read or does not fit the frame."""
        if frame.file not in self._files:
            self._files[frame.file] = _read(os.path.join(self._root or os.curdir, frame.file))
        source = self._files[frame.file]
        return source if source is not None and source.fits(frame) else None

    def is_loop(self, frame: Frame) -> bool:
        """Whether the line runs once per round of a loop or comprehension of its function."""
        known = self._loops.get(frame)
        if known is None:
            source = self.of(frame)
            known = self._loops[frame] = source is not None and source.is_loop(frame)
        return known

    def is_wrapper(self, frame: Frame) -> bool:
        """Whether the line is where a decorator's wrapper calls the function it wraps."""
        known = self._wrappers.get(frame)
        if known is None:
            source = self.of(frame)
            known = self._wrappers[frame] = source is not None and source.is_wrapper(frame)
        return known


def _read(path: str) -> Source | None:
    try:
        about = os.stat(path)
        if not stat.S_ISREG(about.st_mode) or about.st_size > MAX_SOURCE_BYTES:
            return None  # reading a pipe or a device may never end
        with open(path, "rb") as file:
            text = file.read(MAX_SOURCE_BYTES)
    except (OSError, ValueError):
        return None
    from perfkit.rules.parsed import parse

    return parse(text)
