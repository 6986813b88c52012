"""The line a person would edit, out of a call path."""

from __future__ import annotations

from collections.abc import Iterable

from perfkit.model import Frame, Span

Path = tuple[Frame, ...]


def site_of(path: Path, others: Iterable[Span]) -> Frame | None:
    """The innermost frame of ``path`` that no span of ``others`` passed through.

    A helper through which everything goes (``client.call``) is not where the loop is: the frame above it,
    which only these operations share, is. Where all frames are shared the innermost one stands.
    """
    if not path:
        return None
    shared: set[Frame] = set()
    for other in {span.path for span in others}:
        shared.update(other)
    return next((frame for frame in path if frame not in shared), path[0])
