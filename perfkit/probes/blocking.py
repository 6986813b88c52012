"""What the probes of libraries note that have a synchronous and an asynchronous half."""

from __future__ import annotations

from perfkit.tracing import OpenSpan


def note_blocking(opened: OpenSpan | None) -> None:
    """Note ``blocking`` on a synchronous client's operation in a task: the event loop waits for it, too."""
    if opened is not None and opened.place is not None and opened.place.task:
        opened.note(blocking=True)
