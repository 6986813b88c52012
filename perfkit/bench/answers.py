"""Answers shown and compared: every strategy must give the baseline's answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from perfkit.fingerprints.messages import MAX_LOOKED_AT, mask
from perfkit.model.plain import represent

MAX_SHOWN_CHARACTERS = 200
MAX_DEPTH = 20


def shown(answer: Any) -> str:
    """The answer as text that does not depend on the order of sets and dicts, cut at 200 characters.

    What is called a token, a password and so on is masked.

    >>> shown({"b": {2, 1}, "a": 0.5, "token": "a1b2c3"})
    "{'a': 0.5, 'b': {1, 2}, 'token': ***}"
    """
    text = mask(_text(answer)[:MAX_LOOKED_AT])
    return text if len(text) <= MAX_SHOWN_CHARACTERS else text[: MAX_SHOWN_CHARACTERS - 1] + "…"


def _text(value: Any, depth: int = 0) -> str:
    if depth > MAX_DEPTH:
        return "…"
    if isinstance(value, Mapping):
        inner = ", ".join(
            sorted(f"{_text(key, depth + 1)}: {_text(v, depth + 1)}" for key, v in value.items())
        )
        return f"{{{inner}}}"
    if isinstance(value, (set, frozenset)):
        return f"{{{', '.join(sorted(_text(item, depth + 1) for item in value))}}}" if value else "set()"
    if isinstance(value, list):
        return f"[{', '.join(_text(item, depth + 1) for item in value)}]"
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return f"({', '.join(_text(item, depth + 1) for item in value)}{',' if len(value) == 1 else ''})"
    names = _fields(value)
    if names:
        inner = ", ".join(f"{name}={_text(getattr(value, name), depth + 1)}" for name in names)
        return f"{type(value).__name__}({inner})"
    return represent(value)


def _fields(value: Any) -> Sequence[str]:
    """Names of the fields of a named tuple, a msgspec struct or a dataclass."""
    kind = type(value)
    fields = getattr(kind, "_fields", None) or getattr(kind, "__struct_fields__", None)
    return fields or tuple(getattr(kind, "__dataclass_fields__", ()))


def equal(answers: list[Any], expected: list[Any]) -> bool:
    """Whether the answers of all seeds are equal to the expected ones, one by one."""
    return len(answers) == len(expected) and all(
        bool(answer == other) for answer, other in zip(answers, expected, strict=True)
    )
