"""Filters of the list methods: ``{">=ID": 5, "STATUS_ID": ["NEW", "WON"]}`` as conditions on rows.

Rules of the classic methods: an array under ``=`` means IN; an empty value means NULL or ''; a negated
condition keeps rows that are NULL; the LIKE operators compare for equality where the field is not text; a key
that is no field is dropped without a word. There is no OR: ``LOGIC`` is dropped like any other unknown key.
(The methods for items have one; see ``items``.)
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from perfkit.worlds.bitrix24 import php
from perfkit.worlds.bitrix24.fields import Field, Kind

_OPERATORS: dict[str, tuple[str, bool]] = {
    ">=": ("ge", False), ">": ("gt", False), "<=": ("le", False), "<": ("lt", False),
    "!@": ("in", True), "@": ("in", False),
    "!=%": ("like", True), "!%=": ("like", True), "=%": ("like", False), "%=": ("like", False),
    "!%": ("contains", True), "%": ("contains", False),
    "!=": ("equal", True), "!": ("equal", True), "=": ("equal", False), "": ("equal", False),
}  # fmt: skip
_KEY = re.compile(
    "(" + "|".join(map(re.escape, sorted(_OPERATORS, key=len, reverse=True))) + ")(.*)", re.DOTALL
)
MAX_PATTERN = 65_535
"""Characters of a LIKE pattern; a longer one matches nothing, as no column of text would hold it."""
_NEVER = re.compile(r"(?!)")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "ge": operator.ge, "gt": operator.gt, "le": operator.le, "lt": operator.lt,
}  # fmt: skip


@dataclass(frozen=True)
class Condition:
    """One condition on one field; all conditions of a filter must hold.

    ``test`` is "in" (``values`` is a frozenset; None in it means NULL or ''), "like" (a tuple of patterns) or
    one of "ge", "gt", "le", "lt" (a tuple of one value). On a field that joins, "in" holds a tuple of keys.
    """

    field: str
    test: str
    values: Any
    negated: bool = False


@dataclass(frozen=True)
class Either:
    """Conditions of which one is enough: a row must meet all of any alternative."""

    alternatives: tuple[Conditions, ...]


Conditions = tuple[Condition | Either, ...]
"""What a row must meet, all of it."""


def parse_filter(raw: Any, fields: Mapping[str, Field]) -> tuple[Conditions, tuple[str, ...]]:
    """Conditions of ``raw`` on rows with ``fields``, and the keys that are dropped."""
    conditions, dropped = [], []
    for key, value in php.items(raw):
        sign, name = split_key(key)
        field = fields.get(name)
        found = condition(sign, field, value) if field is not None and field.filterable else None
        if found is None:
            dropped.append(key)
        else:
            conditions.append(found)
    return tuple(conditions), tuple(dropped)


def split_key(key: str) -> tuple[str, str]:
    """Operator and field of a filter's key.

    >>> split_key("!=%TITLE"), split_key("ID")
    (('!=%', 'TITLE'), ('', 'ID'))
    """
    found = _KEY.fullmatch(key)
    return (found[1], found[2]) if found else ("", key)


def condition(sign: str, field: Field, value: Any) -> Condition | None:
    """The condition, or None where the portal makes none of it."""
    name, kind = field.name, field.kind
    test, negated = _OPERATORS[sign]
    if kind.join:
        joined = kind.parse(value) if not sign else ()
        return Condition(name, "in", joined) if joined else None
    if test in _COMPARE:
        return None if field.several else Condition(name, test, (kind.parse(value),))
    several = php.values(value) if php.is_array(value) else [value]
    if test in ("like", "contains") and kind.like:
        wrap = "%{}%" if test == "contains" else "{}"
        literal = _escape_like if test == "contains" else php.to_text
        patterns = tuple(wrap.format(literal(one)) for one in several)
        return Condition(name, "like", patterns, negated) if patterns else None
    if not several and test != "in":
        return None  # a loop over no alternatives adds nothing to the statement; only @ makes it "never"
    return Condition(name, "in", frozenset(_value(one, kind) for one in several), negated)


def _value(value: Any, kind: Kind) -> Any:
    if not php.is_array(value) and php.to_text(value) == "":
        return None
    return kind.parse(value)


def _escape_like(value: Any) -> str:
    return re.sub(r"([%_\\])", r"\\\1", php.to_text(value))


def predicate(
    condition: Condition, read: Callable[[int], Any], keys: Callable[[Any], tuple[Any, ...]] | None = None
) -> Callable[[int], bool]:
    """Whether the row at a position meets ``condition``; ``read`` gives its value.

    ``keys`` are those of a field of several values: one that the condition asks for is enough.
    """
    values, negated = condition.values, condition.negated
    if keys is not None:
        return lambda position: (not values.isdisjoint(keys(read(position)))) is not negated
    if condition.test == "in":
        return lambda position: (or_null(read(position)) in values) is not negated
    if condition.test == "like":
        return lambda position: _like(read(position), values) is not negated
    compare, bound = _COMPARE[condition.test], values[0]
    return lambda position: bound is not None and _holds(compare, read(position), bound)


def _holds(compare: Callable[[Any, Any], bool], value: Any, bound: Any) -> bool:
    return value is not None and compare(value, bound)


def or_null(value: Any) -> Any:
    """``value``, with NULL for '': filters make no difference between them."""
    return None if value == "" else value


def _like(value: Any, patterns: tuple[str, ...]) -> bool:
    return value is not None and any(_compiled(pattern).fullmatch(value) for pattern in patterns)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    r"""A LIKE pattern: ``%`` any text, ``_`` one character, a backslash makes either literal; no case."""
    if len(pattern) > MAX_PATTERN:
        return _NEVER
    first, *others = _between_wildcards(pattern)
    if not others:
        regex = first
    else:
        # The leftmost place of each text is as good as any; without (?>) many % would try all places of all.
        *middle, last = others
        regex = f"{first}{''.join(f'(?>.*?{text})' for text in middle)}.*{last}"
    return re.compile(regex, re.IGNORECASE | re.DOTALL)


def _between_wildcards(pattern: str) -> list[str]:
    """The texts before, between and after the ``%`` of a pattern, as regular expressions."""
    texts: list[list[str]] = [[]]
    for part in re.findall(r"\\[%_\\]|%+|.", pattern, re.DOTALL):
        if part[0] == "%":
            texts.append([])
        else:
            texts[-1].append("." if part == "_" else re.escape(part[-1]))
    return ["".join(text) for text in texts]
