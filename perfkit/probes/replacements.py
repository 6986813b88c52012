"""What a probe puts in the place of a library's own functions, and how it puts them back."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any


class Replacements:
    """Methods of a library with watching ones in their place, until they are put back."""

    def __init__(self) -> None:
        self._originals: list[tuple[Any, str, Any]] = []

    def __bool__(self) -> bool:
        return bool(self._originals)

    def put(self, owner: Any, name: str, watch: Callable[[Any], Any]) -> None:
        """Replace ``owner.name`` by ``watch(owner.name)``. Does nothing where there is no such method."""
        original = vars(owner).get(name)
        if original is None:
            return
        self._originals.append((owner, name, original))
        if isinstance(original, classmethod):
            plain = original.__func__
            setattr(owner, name, classmethod(wraps(plain)(watch(plain))))
        else:
            setattr(owner, name, wraps(original)(watch(original)))

    def undo(self) -> None:
        """Put the very same methods back."""
        while self._originals:
            setattr(*self._originals.pop())
