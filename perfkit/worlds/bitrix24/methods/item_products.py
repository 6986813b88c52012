"""Product rows of any item, one by one or all: ``crm.item.productrow.*``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perfkit.worlds.bitrix24 import php
from perfkit.worlds.bitrix24.answers import Answer, ApiError
from perfkit.worlds.bitrix24.item_filters import parse_item_filter, parse_item_order
from perfkit.worlds.bitrix24.lists import array_param, page, start_of
from perfkit.worlds.bitrix24.methods.entity import stamp
from perfkit.worlds.bitrix24.methods.products import OWNERS, replace_rows, rows_of, settable, spellings
from perfkit.worlds.bitrix24.methods.store import Context, Handler
from perfkit.worlds.bitrix24.rendering import Layout, camel_case, layout_of
from perfkit.worlds.bitrix24.tables import Table

_ROW_NOT_FOUND = (400, "NOT_FOUND", "Item not found")
_OWNER_NOT_FOUND = (400, "OWNER_NOT_FOUND", "Owner was not found")
_NOT_SUPPORTED = (400, "ENTITY_TYPE_NOT_SUPPORTED", "Entity type is not supported")


def _layout(rows: Table) -> Layout:
    return layout_of(rows, "item", lambda: Layout(map(camel_case, rows.fields.values())))


def _list(call: Context) -> Answer:
    """The filter must name ``=ownerType`` and ``=ownerId``."""
    rows, params = call.store.product_rows, call.params
    raw = array_param(params, "filter")
    if raw is None:
        raise _missing("filter")
    named = {key.lstrip("=@") for key, _ in php.items(raw)}
    if not {"ownerType", "ownerId"} <= named:
        raise ApiError(400, "INVALID_ARG_VALUE", "Invalid filter: ownerType and ownerId are required")
    conditions = parse_item_filter(raw, spellings(rows))
    order = parse_item_order(array_param(params, "order"), spellings(rows))
    answer = page(rows, _layout(rows), rows.find(conditions, order), start_of(params), "empty")
    answer.result = {"productRows": answer.result}
    return answer


def _owner(call: Context, raw: Mapping[str, Any]) -> tuple[str, int]:
    for name in ("ownerType", "ownerId"):
        if not raw.get(name):
            raise _missing(name)
    owner_type, owner = php.to_text(raw["ownerType"]), php.to_int(raw["ownerId"])
    if owner_type not in OWNERS:
        raise ApiError(*_NOT_SUPPORTED)
    if call.store.entities[OWNERS[owner_type]].lookup(owner) is None:
        raise ApiError(*_OWNER_NOT_FOUND)
    return owner_type, owner


def _missing(name: str) -> ApiError:
    return ApiError(400, "100", f"Could not find value for parameter {{{name}}}")


def _set(call: Context) -> Answer:
    rows = call.store.product_rows
    owner_type, owner = _owner(call, call.params)
    if not php.is_array(call.params.get("productRows")):
        raise _missing("productRows")
    replace_rows(call, owner_type, owner, call.params["productRows"])
    found = _layout(rows).rows(rows, rows_of(rows, owner_type, owner))
    return Answer({"productRows": found}, rows=len(found))


def _add(call: Context) -> Answer:
    rows, raw = call.store.product_rows, dict(php.items(call.params.get("fields")))
    if not raw:
        raise _missing("fields")
    owner_type, owner = _owner(call, raw)
    number = rows.add({**settable(rows, raw), "OWNER_TYPE": owner_type, "OWNER_ID": owner}, stamp(call))
    return _row(rows, number)


def _row(rows: Table, number: int) -> Answer:
    position = rows.lookup(number)
    if position is None:
        raise ApiError(*_ROW_NOT_FOUND)
    return Answer({"productRow": _layout(rows).row(rows, position)}, rows=1)


def _number(call: Context) -> int:
    value = call.params.get("id")
    if value is None or php.is_array(value):
        raise _missing("id")
    return php.to_int(value)


def _get(call: Context) -> Answer:
    return _row(call.store.product_rows, _number(call))


def _update(call: Context) -> Answer:
    rows, number = call.store.product_rows, _number(call)
    rows.update(number, settable(rows, call.params.get("fields")), stamp(call))
    return _row(rows, number)


def _delete(call: Context) -> Answer:
    if not call.store.product_rows.delete(_number(call)):
        raise ApiError(*_ROW_NOT_FOUND)
    return Answer(None)


METHODS: dict[str, Handler] = {
    "crm.item.productrow.add": _add,
    "crm.item.productrow.delete": _delete,
    "crm.item.productrow.get": _get,
    "crm.item.productrow.list": _list,
    "crm.item.productrow.set": _set,
    "crm.item.productrow.update": _update,
}
