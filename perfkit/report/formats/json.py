"""The run itself, as JSON."""

from __future__ import annotations

from perfkit.model import Run
from perfkit.model.storage import encode_run


def render(run: Run) -> bytes:
    """The stored document, ending in a newline."""
    return encode_run(run) + b"\n"
