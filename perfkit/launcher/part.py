"""What one recorded process hands over: its trace and its processor time, as JSON whatever the spans hold."""

from __future__ import annotations

from typing import Any

import msgspec

from perfkit.model import PackedTrace, Trace, pack

_MAX_DEPTH = 20
"""Deeper values are handed over as their ``repr``, which also ends those that hold themselves."""

_MAX_INTEGER = 2**63


class Part(msgspec.Struct):
    """``computing_ns`` is the processor time of all threads of the process while it was recorded."""

    trace: PackedTrace
    computing_ns: int

    @classmethod
    def of(cls, trace: Trace, computing_ns: int) -> Part:
        """The part of a process that recorded ``trace``."""
        packed = pack(trace)
        packed.names = [name if isinstance(name, str) else represent(name) for name in packed.names]
        return cls(packed, computing_ns)


def encode(part: Part) -> bytes:
    """The part as JSON. What JSON does not know becomes its ``repr``, a lone surrogate "?"."""
    try:
        return msgspec.json.encode(part, enc_hook=represent)
    except Exception:
        return msgspec.json.encode(plain(part))


def decode(data: bytes) -> Part:
    """The part in ``data``. Raises msgspec.DecodeError when it is none."""
    return msgspec.json.decode(data, type=Part)


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
