"""Adding, changing and deleting rows by the classic methods: ``fields`` as clients send them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from perfkit.worlds.bitrix24 import php
from perfkit.worlds.bitrix24.answers import NOT_FOUND, Answer, ApiError
from perfkit.worlds.bitrix24.fields import Stamp
from perfkit.worlds.bitrix24.lists import Params, row_id
from perfkit.worlds.bitrix24.tables import Table


def classic_add(table: Table, params: Params, stamp: Stamp) -> Answer:
    """``crm.*.add``: the new row's ID. Raises ApiError without what the entity requires."""
    values = field_values(table, params)
    for field in table.fields.values():
        if field.required and not values.get(field.name):
            raise ApiError(400, "", f"The field {field.name} is not defined or empty.")
    return Answer(table.add(values, stamp))


def classic_update(table: Table, params: Params, stamp: Stamp) -> Answer:
    """``crm.*.update``. Raises ApiError for a row that is not there."""
    identity, values = row_id(params), field_values(table, params)
    if not table.update(identity, values, stamp):
        raise ApiError(*NOT_FOUND)
    return Answer(True)


def classic_delete(delete: Callable[[int], bool], params: Params) -> Answer:
    """``crm.*.delete``: ``delete`` says whether there was a row. Raises ApiError where there was none."""
    if not delete(row_id(params)):
        raise ApiError(*NOT_FOUND)
    return Answer(True)


def field_values(table: Table, params: Params) -> dict[str, Any]:
    """What a write may set of what ``fields`` holds. The rest is ignored, as the portal does."""
    raw = params.get("fields", params.get("FIELDS"))
    if not php.is_array(raw):
        raise ApiError(400, "", "Parameter 'fields' must be array.")
    return {name: value for name, value in php.items(raw) if writable(table, name)}


def writable(table: Table, name: str) -> bool:
    """Whether clients may set a field."""
    field = table.fields.get(name)
    return field is not None and not field.read_only and field.part != "inner"
