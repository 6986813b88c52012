"""The line a person would edit, out of a call path."""

from __future__ import annotations

from perfkit.model import Frame, Span
from perfkit.rules.chains import is_chain
from perfkit.rules.sources import Sources
from perfkit.rules.tries import is_tried_again

Path = tuple[Frame, ...]

COMPREHENSIONS = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})
"""Functions that Python makes for an expression; before 3.12 of all, since then of generators."""

_CALLS = frozenset({"query", "request"})
"""What else happens in a call, as opening its connection, is no other operation that passes through."""

_SEVERAL = "\0several"
"""Stands for the names of the operations that pass through a frame, once there are two."""


class Sites:
    """Finds the line for operations of one trace."""

    def __init__(self, spans: list[Span], sources: Sources) -> None:
        self._sources = sources
        self._through: dict[Frame, str] = {}
        seen: set[tuple[int, str]] = set()
        for span in spans:
            # paths are shared between spans
            if span.path and span.kind in _CALLS and (id(span.path), span.name) not in seen:
                seen.add((id(span.path), span.name))
                for frame in span.path:
                    if self._through.setdefault(frame, span.name) != span.name:
                        self._through[frame] = _SEVERAL

    def of_loop(self, span: Span) -> Frame | None:
        """The line in whose loop the operation is made.

        What an ORM loads by itself is asked for where the attribute is read. Else it is the innermost line
        that the source shows in a loop, behind helpers through which everything goes (``client.call``) and
        loops that only try again. Without a source it is the innermost line of this operation alone.
        """
        path = self._own(span)
        if "relation" not in span.attrs and "deferred" not in span.attrs:
            path = self._from_loop(path) or path
        return _named(path) or span.site

    def is_chain(self, span: Span) -> bool:
        """Whether each call of its loop asks for what the last one's answer named."""
        own = self._own(span)
        path = self._from_loop(own)
        return any(is_chain(frame, self._sources) for frame in (path[:1] or own))

    def _from_loop(self, path: Path) -> Path:
        """The path from the innermost line on that lies in a loop, other than one that tries again."""
        for place, frame in enumerate(path):
            if self._sources.is_loop(frame) and not is_tried_again(frame, self._sources):
                return path[place:]
        return ()

    def of_call(self, span: Span) -> Frame | None:
        """The innermost line that only this operation passes through."""
        return _named(self._own(span)) or span.site

    def _own(self, span: Span) -> Path:
        """The path from the innermost frame that no other operation passes through on.

        Without lines on which a decorator calls what it decorates, unless there are no others.
        """
        path = span.path
        path = tuple(frame for frame in path if not self._sources.is_wrapper(frame)) or path
        own = next((n for n, frame in enumerate(path) if self._through.get(frame) == span.name), 0)
        return path[own:]


def _named(path: Path) -> Frame | None:
    """The first frame, named after its function even where a comprehension has a frame of its own."""
    if not path:
        return None
    first = path[0]
    around, _, own = first.function.rpartition(".")
    while own in COMPREHENSIONS:
        around, _, own = around.rpartition(".")
    name = ".".join(filter(None, (around, own))) or "<module>"
    return first if name == first.function else Frame(first.file, first.line, name)
