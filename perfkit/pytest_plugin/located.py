"""Files as everybody has them: relative to pytest's root, wherever pytest was started."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from perfkit.model import Finding, Frame, Trace

if TYPE_CHECKING:
    import pytest


class Located:
    """Renames the files of frames, which are relative to the folder that pytest was started in, or absolute.

    Of a file outside of the root the last folder and the name are kept: the rest is this machine's.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._start = str(config.invocation_params.dir)
        self._root = str(config.rootpath)
        self._files: dict[str, str] = {}
        self._frames: dict[Frame, Frame] = {}

    def trace(self, trace: Trace) -> Trace:
        """The same object if all files lie where they should."""
        if all(self._frame(frame) is frame for span in trace.spans for frame in span.path):
            return trace
        spans = [
            replace(span, path=self._path(span.path), site=span.site and self._frame(span.site))
            for span in trace.spans
        ]
        return replace(trace, spans=spans)

    def findings(self, findings: Iterable[Finding]) -> list[Finding]:
        """The same for the lines that findings name."""
        return [
            replace(finding, path=self._path(finding.path), site=finding.site and self._frame(finding.site))
            for finding in findings
        ]

    def _path(self, path: tuple[Frame, ...]) -> tuple[Frame, ...]:
        return tuple(self._frame(frame) for frame in path)

    def _frame(self, frame: Frame) -> Frame:
        if frame not in self._frames:
            if frame.file not in self._files:
                self._files[frame.file] = self._file(frame.file)
            file = self._files[frame.file]
            self._frames[frame] = frame if file == frame.file else replace(frame, file=file)
        return self._frames[frame]

    def _file(self, name: str) -> str:
        whole = os.path.join(self._start, name)
        below = os.path.relpath(os.path.realpath(whole), os.path.realpath(self._root)).replace(os.sep, "/")
        return "/".join(below.split("/")[-2:]) if below.startswith("../") else below
