"""Older run documents brought up to date: one function per schema version, applied in turn.

A function takes the decoded JSON of its version and returns that of the next; it changes nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Document = dict[str, Any]


def _from_1(old: Document) -> Document:
    """Schema 1 kept the machine's facts at the top level."""
    moved = ("created", "environment", "git")
    new = {key: value for key, value in old.items() if key not in moved}
    new["machine"] = {key: old[key] for key in moved if key in old}
    return new


def _from_2(old: Document) -> Document:
    """Schema 2 had no targets, which decide the outcome, too."""
    return dict(old)


MIGRATIONS: dict[int, Callable[[Document], Document]] = {1: _from_1, 2: _from_2}


def migrate(document: Document, target: int) -> Document:
    """``document`` at schema ``target``. Raises KeyError for a version nobody ever wrote."""
    version = int(document["schema"])
    while version < target:
        document = MIGRATIONS[version](document)
        version += 1
        document["schema"] = version
    return document
