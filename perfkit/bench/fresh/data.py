"""Telling the data of a world's databases from other data."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perfkit.worlds.base import World
    from perfkit.worlds.database import Dataset


def digest(world: World, size: int, seed: int) -> str:
    """Eight hexadecimal digits of all that its databases hold at the start; "" where it has none."""
    parts = getattr(world, "parts", {"": world})
    loads = [load for part in parts.values() if (load := getattr(part, "load", None)) is not None]
    if not loads:
        return ""
    found = hashlib.sha256()
    for load in loads:
        _add(found, load(size, seed))
    return found.hexdigest()[:8]


def _add(found: hashlib._Hash, data: Dataset) -> None:
    found.update(repr(sorted((data.statements or {}).items())).encode("utf-8", "replace"))
    for table in data.tables:
        about = (table.name, table.columns, list(table.indexes), list(table.constraints))
        found.update(repr(about).encode("utf-8", "replace"))
        for row in table.rows():
            found.update(repr(tuple(row)).encode("utf-8", "replace"))
