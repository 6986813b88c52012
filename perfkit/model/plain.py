"""Any structure as JSON, whatever a user put into a span: one odd value must cost no recording and no run."""

from __future__ import annotations

from typing import Any

import msgspec

_MAX_DEPTH = 20
"""Deeper values are stored as their ``repr``, which also ends those that hold themselves."""

_MAX_INTEGER = 2**63


def encode(document: Any) -> bytes:
    """The document as JSON. What JSON does not know becomes its ``repr``, a lone surrogate "?"."""
    try:
        return msgspec.json.encode(document, enc_hook=represent)
    except Exception:
        return msgspec.json.encode(plain(document))


def text(value: str) -> str:
    """Without lone surrogates, which no file and no terminal takes.

    >>> text("a" + chr(0xDCFF))
    'a?'
    """
    return value.encode("utf-8", "replace").decode("utf-8")


def represent(value: object) -> str:
    """``repr``, or the name of the type where that fails."""
    try:
        return text(repr(value))
    except Exception:
        return f"<{type(value).__name__}>"


def plain(value: Any, depth: int = 0) -> Any:
    """``value`` in terms of JSON: numbers, strings, lists and dicts with strings as keys."""
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, str):
        return text(value)
    if isinstance(value, int) and -_MAX_INTEGER <= value < _MAX_INTEGER:
        return int(value)
    if depth < _MAX_DEPTH:
        if isinstance(value, msgspec.Struct):
            return {name: plain(getattr(value, name), depth + 1) for name in value.__struct_fields__}
        if isinstance(value, (list, tuple)):
            return [plain(item, depth + 1) for item in value]
        if isinstance(value, dict):
            return {
                text(key) if isinstance(key, str) else represent(key): plain(item, depth + 1)
                for key, item in value.items()
            }
    return represent(value)
