"""Writing TOML: the part of it that baselines use. ``tomllib`` reads it back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


class inline(dict[str, Any]):  # noqa: N801 - a marker on a dict, as small as what it marks
    """A table that is written in one line."""


def document(sections: Iterable[tuple[tuple[str, ...], Mapping[str, Any]]]) -> str:
    """Sections (their dotted name as a tuple, () for the top) in the order given, a line for each key.

    >>> document([((), {"a": 1}), (("x y",), {"b": inline(n=2)})]).splitlines()
    ['a = 1', '', '["x y"]', 'b = { n = 2 }']
    """
    parts = []
    for name, table in sections:
        header = [f"[{'.'.join(map(key, name))}]"] if name else []
        parts.append("\n".join([*header, *(f"{key(k)} = {value(v)}" for k, v in table.items())]) + "\n")
    return "\n".join(parts)


def key(name: str) -> str:
    """A key, quoted where it must be."""
    return name if _BARE.fullmatch(name) else string(name)


def value(item: Any) -> str:
    """A number, text, list of texts (one a line), list of numbers or table in one line."""
    if isinstance(item, str):
        return string(item)
    if isinstance(item, Mapping):
        return f"{{ {', '.join(f'{key(k)} = {value(v)}' for k, v in item.items())} }}"
    if isinstance(item, list):
        if item and isinstance(item[0], str):
            return "[\n" + "".join(f"    {string(text)},\n" for text in item) + "]"
        return f"[{', '.join(map(value, item))}]"
    if not isinstance(item, int) or isinstance(item, bool):
        raise TypeError(f"a baseline has no values of type {type(item).__name__}: {item!r}")
    return str(item)


def string(text: str) -> str:
    r"""A string in quotes, in one line. Lone surrogates, which TOML does not know, become a sign.

    >>> len(string('"')), string("a")
    (4, '"a"')
    """
    plain = text.encode("utf-8", "replace").decode()
    # JSON's escapes are TOML's, but for DEL
    return json.dumps(plain, ensure_ascii=False).replace("\x7f", "\\u007f")
