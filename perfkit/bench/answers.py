"""Answers shown and compared: every strategy must give the baseline's answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MAX_SHOWN_CHARACTERS = 200


def shown(answer: Any) -> str:
    """The answer as text that does not depend on the order of sets and dicts, cut at 200 characters.

    >>> shown({"b": {2, 1}, "a": 0.5})
    "{'a': 0.5, 'b': {1, 2}}"
    """
    text = _text(answer)
    return text if len(text) <= MAX_SHOWN_CHARACTERS else text[: MAX_SHOWN_CHARACTERS - 1] + "…"


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        inner = ", ".join(sorted(f"{_text(key)}: {_text(item)}" for key, item in value.items()))
        return f"{{{inner}}}"
    if isinstance(value, (set, frozenset)):
        return f"{{{', '.join(sorted(map(_text, value)))}}}" if value else "set()"
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(_text, value))}{',' if len(value) == 1 else ''})"
    return repr(value)


def equal(answers: list[Any], expected: list[Any]) -> bool:
    """Whether the answers of all seeds are equal to the expected ones, one by one."""
    return len(answers) == len(expected) and all(
        bool(answer == other) for answer, other in zip(answers, expected, strict=True)
    )
