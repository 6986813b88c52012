"""Activities of leads and deals: ``crm.activity.*``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from perfkit.worlds.bitrix24 import php
from perfkit.worlds.bitrix24.answers import Answer
from perfkit.worlds.bitrix24.data import DEAL_OWNER, LEAD_OWNER, Activities, created_s
from perfkit.worlds.bitrix24.fields import CHAR, DATETIME, INTEGER, TEXT, Field
from perfkit.worlds.bitrix24.lists import classic_get, classic_list, describe
from perfkit.worlds.bitrix24.methods.store import Context, Handler
from perfkit.worlds.bitrix24.tables import Relation, Table

Binding = tuple[int, int]
"""OWNER_TYPE_ID and OWNER_ID of something an activity belongs to."""

TYPES = (1, 2, 4)
"""Meeting, call, e-mail."""
_SECOND_BINDING_EVERY = 8


def table(activities: Activities) -> Table:
    """The activities as the portal's API shows them."""
    size = len(activities.owner)
    start = activities.start.__getitem__
    fields = [
        Field("ID", INTEGER, lambda p: p + 1, indexed=True, read_only=True),
        Field("OWNER_ID", INTEGER, activities.owner.__getitem__, indexed=True),
        Field("OWNER_TYPE_ID", INTEGER, activities.owner_type.__getitem__, indexed=True),
        Field("TYPE_ID", INTEGER, lambda p: TYPES[p % 3], indexed=True),
        Field("PROVIDER_ID", TEXT, lambda p: "CRM_EMAIL" if p % 3 == 2 else "CRM_TODO"),
        Field("SUBJECT", TEXT, lambda p: f"Activity {p + 1}"),
        Field("COMPLETED", CHAR, activities.completed.__getitem__, indexed=True),
        Field("RESPONSIBLE_ID", INTEGER, activities.responsible.__getitem__, indexed=True),
        Field("PRIORITY", INTEGER, lambda p: p % 3 + 1),
        Field("START_TIME", DATETIME, start),
        Field("END_TIME", DATETIME, lambda p: start(p) + 3600),
        Field("DEADLINE", DATETIME, lambda p: start(p) + 86_400 if p % 5 else None),
        Field("CREATED", DATETIME, lambda p: created_s(p, size), read_only=True),
    ]
    bindings = Relation(_wanted, lambda: _bindings(activities))
    order = (("START_TIME", False),)
    return Table(fields, size, default_order=order, relations={"BINDINGS": bindings})


def _bindings(activities: Activities) -> Iterator[tuple[Binding, int]]:
    """Each activity belongs to its owner; some of a lead's also to the deal the lead became."""
    for position, (kind, owner) in enumerate(zip(activities.owner_type, activities.owner, strict=True)):
        yield (kind, owner), position
        if kind == LEAD_OWNER and position % _SECOND_BINDING_EVERY == 0:
            yield (DEAL_OWNER, owner), position


def _wanted(value: Any) -> tuple[Binding, ...]:
    """Bindings of a filter: one, or an array of them."""
    pairs = [value] if isinstance(value, dict) and "OWNER_ID" in value else php.values(value)
    found = [_binding(pair) for pair in pairs if isinstance(pair, dict)]
    return tuple(dict.fromkeys(found))


def _binding(pair: dict[str, Any]) -> Binding:
    return php.to_int(pair.get("OWNER_TYPE_ID")), php.to_int(pair.get("OWNER_ID"))


def _list(call: Context) -> Answer:
    return classic_list(call.store.activities, call.params, call.config.past_end)


def _get(call: Context) -> Answer:
    return classic_get(call.store.activities, call.params)


def _fields(call: Context) -> Answer:
    return describe(call.store.activities)


METHODS: dict[str, Handler] = {
    "crm.activity.fields": _fields,
    "crm.activity.get": _get,
    "crm.activity.list": _list,
}
