"""The filter of ``crm.item.list``: strict, nested, with OR.

``{"stageId": "NEW", "0": {"logic": "OR", "0": {">opportunity": 5}, "1": {"title": "Lead 1"}}}``: a numbered
key holds a filter of its own, and ``logic`` says how the parts of its level are joined. A key that is no
field is an error here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perfkit.worlds.bitrix24 import php
from perfkit.worlds.bitrix24.answers import ApiError
from perfkit.worlds.bitrix24.fields import Field, upper
from perfkit.worlds.bitrix24.filters import Condition, Conditions, Either, condition, split_key
from perfkit.worlds.bitrix24.lists import sortable
from perfkit.worlds.bitrix24.tables import Order, Table

MAX_DEPTH = 50
"""Levels of a filter; deeper ones are an error. Assumed: enough for whatever a person writes."""


def item_fields(table: Table, *, original: bool = False) -> dict[str, Field]:
    """The fields that ``crm.item.*`` knows, by their names there; user fields by their ``original`` names."""
    known = (field for field in table.fields.values() if field.item_name)
    return {field.name if original and field.part == "UF" else field.item_name: field for field in known}


def both_spellings(fields: Mapping[str, Field]) -> dict[str, Field]:
    """The same with the spelling in capitals beside, which is understood, too."""
    return {**{upper(name): field for name, field in fields.items()}, **fields}


def parse_item_filter(raw: Any, fields: Mapping[str, Field], depth: int = 0) -> Conditions:
    """Conditions of ``raw``. Raises ApiError for an unknown field or a value that no condition can have."""
    parts: list[Conditions] = []
    either = False
    for key, value in php.items(raw):
        if key.lower() == "logic":
            either = php.to_text(value).upper() == "OR"
        elif key.isdecimal() and php.is_array(value) and depth < MAX_DEPTH:
            parts.append(parse_item_filter(value, fields, depth + 1))
        else:
            parts.append((_condition(key, value, fields),))
    if either and parts:
        return (Either(tuple(parts)),)
    return tuple(one for part in parts for one in part)


def _condition(key: str, value: Any, fields: Mapping[str, Field]) -> Condition:
    sign, name = split_key(key)
    field = fields.get(name)
    if field is None or not field.filterable:
        raise _invalid("filter", f"field '{name}' is not allowed in filter")
    nested = any(map(php.is_array, php.values(value)))
    found = None if nested or (php.is_array(value) and sign in _ONE_VALUE) else condition(sign, field, value)
    if found is None:
        raise _invalid("filter", f"field '{name}' has invalid value")
    return found


_ONE_VALUE = (">=", ">", "<=", "<")


def parse_item_order(raw: Any, fields: Mapping[str, Field]) -> Order:
    """The order. Raises ApiError for an unknown field or direction."""
    order = []
    for name, value in php.items(raw):
        field = fields.get(name)
        if field is None or not sortable(field):
            raise _invalid("order", f"field '{name}' is not allowed in order")
        direction = php.to_text(value)
        if direction.upper() not in ("ASC", "DESC"):
            text = f"allowed sort directions are `ASC, DESC`. But got '{direction}' for field '{name}'"
            raise _invalid("order", text)
        order.append((field.name, direction.upper() == "DESC"))
    return tuple(order) or (("ID", False),)


def _invalid(what: str, text: str) -> ApiError:
    return ApiError(400, "INVALID_ARG_VALUE", f"Invalid {what}: {text}")
