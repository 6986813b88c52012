"""Any entity under one interface: ``crm.item.*``. The same rows as the classic methods show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perfkit.worlds.bitrix24 import php
from perfkit.worlds.bitrix24.answers import Answer, ApiError
from perfkit.worlds.bitrix24.fields import upper
from perfkit.worlds.bitrix24.item_filters import (
    both_spellings,
    item_fields,
    parse_item_filter,
    parse_item_order,
)
from perfkit.worlds.bitrix24.lists import NO_SELECT, Notes, array_param, description, page, start_of
from perfkit.worlds.bitrix24.methods.entity import stamp
from perfkit.worlds.bitrix24.methods.store import Context, Handler
from perfkit.worlds.bitrix24.rendering import Column, Layout, layout_of

TYPE_NOT_FOUND = (400, "NOT_FOUND", "SPA not found")
ITEM_NOT_FOUND = (400, "NOT_FOUND", "Item not found")


class _Target:
    """The table a call is about, and the names of its fields in this call."""

    def __init__(self, call: Context) -> None:
        params = call.params
        self.type_id = php.to_int(_required(params, "entityTypeId"))
        table = call.store.entities.get(self.type_id)
        if table is None:
            raise ApiError(*TYPE_NOT_FOUND)
        self.table = table
        self.original = php.to_text(params.get("useOriginalUfNames")) in ("Y", "1", "true")
        self.fields = layout_of(
            table, ("item fields", self.original), lambda: item_fields(table, original=self.original)
        )
        self.spellings = layout_of(
            table, ("item spellings", self.original), lambda: both_spellings(self.fields)
        )

    def layout(self, wanted: tuple[str, ...]) -> Layout:
        """How rows look; ``*`` or nothing selects everything, and the ID always comes."""
        return layout_of(self.table, ("item", wanted, self.original), lambda: Layout(self._columns(wanted)))

    def _columns(self, wanted: tuple[str, ...]) -> list[Column]:
        if not wanted or "*" in wanted:
            chosen = self.fields
        else:
            # "fm" comes with * only (documented).
            named = (self.spellings.get(name) for name in ("id", *wanted))
            names = {field.item_name for field in named if field and field.name != "FM"}
            chosen = {name: field for name, field in self.fields.items() if field.item_name in names}
        return [Column(name, field, field.kind.item, field.kind.empty) for name, field in chosen.items()]

    def item(self, position: int) -> Answer:
        """One whole row."""
        row = self.layout(()).row(self.table, position)
        return Answer({"item": {**row, "entityTypeId": self.type_id}}, rows=1)


def _required(params: Mapping[str, Any], name: str) -> Any:
    value = params.get(name)
    if value is None or value == "":
        raise ApiError(400, "100", f"Could not find value for parameter {{{name}}}")
    return value


def _position(call: Context, target: _Target) -> int:
    value = _required(call.params, "id")
    position = None if php.is_array(value) else target.table.lookup(php.to_int(value))
    if position is None:
        raise ApiError(*ITEM_NOT_FOUND)
    return position


def _list(call: Context) -> Answer:
    """A ``start`` behind the last row gives no rows."""
    target, params = _Target(call), call.params
    conditions = parse_item_filter(array_param(params, "filter"), target.spellings)
    order = parse_item_order(array_param(params, "order"), target.spellings)
    wanted = tuple(php.to_text(value) for value in php.values(array_param(params, "select")))
    rows = target.table.find(conditions, order)
    answer = page(target.table, target.layout(wanted), rows, start_of(params), "empty")
    answer.notes = (*_unselected(wanted, target), *answer.notes)
    if start_of(params) < 0:
        answer.total = None
    answer.result = {"items": answer.result}
    return answer


def _unselected(wanted: tuple[str, ...], target: _Target) -> Notes:
    if not wanted:
        return (NO_SELECT,)
    unknown = [name for name in wanted if name == "fm" or name not in {"*", *target.spellings}]
    return tuple(f"select {name!r}: no such field, ignored" for name in unknown)


def _get(call: Context) -> Answer:
    target = _Target(call)
    return target.item(_position(call, target))


def _add(call: Context) -> Answer:
    target = _Target(call)
    identity = target.table.add(_values(call, target), stamp(call))
    return target.item(target.table.lookup(identity) or 0)


def _update(call: Context) -> Answer:
    target = _Target(call)
    position = _position(call, target)
    target.table.update(target.table.ids[position], _values(call, target), stamp(call))
    return target.item(position)


def _values(call: Context, target: _Target) -> dict[str, Any]:
    """What may be set of ``fields``, by the classic names; ``fm`` is dealt out to its types."""
    raw = call.params.get("fields")
    if not php.is_array(raw) or not raw:
        raise ApiError(400, "100", "Could not find value for parameter {fields}")
    values: dict[str, Any] = {}
    for name, value in php.items(raw):
        field = target.spellings.get(name)
        if field is None or field.read_only:
            continue
        if field.name == "FM":
            values |= _communications(value)
        else:
            values[field.name] = value
    return values


def _communications(raw: Any) -> dict[str, list[dict[str, Any]]]:
    dealt: dict[str, list[dict[str, Any]]] = {}
    for entry in php.values(raw):
        known = {upper(key): value for key, value in php.items(entry)}
        type_id = php.to_text(known.get("TYPE_ID"))
        if type_id in ("PHONE", "EMAIL", "WEB", "IM"):
            dealt.setdefault(type_id, []).append(known)
    return dealt


def _delete(call: Context) -> Answer:
    target = _Target(call)
    identity = target.table.ids[_position(call, target)]
    call.store.delete(target.type_id, identity, stamp(call))
    return Answer([])


def _describe(call: Context) -> Answer:
    target = _Target(call)
    fields = {
        name: {**description(field, name), "upperName": upper(field.item_name)}
        for name, field in target.fields.items()
    }
    return Answer({"fields": fields})


METHODS: dict[str, Handler] = {
    "crm.item.add": _add,
    "crm.item.delete": _delete,
    "crm.item.fields": _describe,
    "crm.item.get": _get,
    "crm.item.list": _list,
    "crm.item.update": _update,
}
