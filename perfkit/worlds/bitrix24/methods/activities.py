"""Activities of leads and deals: ``crm.activity.*``."""

from __future__ import annotations

from typing import Any

from perfkit.worlds.bitrix24 import php
from perfkit.worlds.bitrix24.answers import Answer, ApiError
from perfkit.worlds.bitrix24.data import DEAL_OWNER, LEAD_OWNER, Activities, created_s
from perfkit.worlds.bitrix24.fields import (
    CHAR,
    DATETIME,
    INTEGER,
    TEXT,
    USER,
    Constant,
    Field,
    Kind,
)
from perfkit.worlds.bitrix24.methods.entity import always, author, classic_methods, now, stamp
from perfkit.worlds.bitrix24.methods.store import Context, Handler
from perfkit.worlds.bitrix24.tables import Table
from perfkit.worlds.bitrix24.writes import field_values

Binding = tuple[int, int]
"""OWNER_TYPE_ID and OWNER_ID of something an activity belongs to."""

TYPES = (1, 2, 4)
"""Meeting, call, e-mail."""
_SECOND_BINDING_EVERY = 8
_NO_BINDING = (
    "Could not build binding. Please ensure that owner info and communications are defined correctly."
)


def table(activities: Activities) -> Table:
    """The activities as the portal's API shows them."""
    size = len(activities.owner)
    start, owner_type, owner = activities.start, activities.owner_type, activities.owner

    def created(position: int) -> int:
        return created_s(position, size)

    def bindings(position: int) -> tuple[Binding, ...]:
        """Each activity belongs to its owner; some of a lead's also to the deal the lead became."""
        first = (owner_type[position], owner[position])
        if first[0] == LEAD_OWNER and position % _SECOND_BINDING_EVERY == 0:
            return first, (DEAL_OWNER, first[1])
        return (first,)

    fields = [
        Field("ID", INTEGER, lambda p: p + 1, indexed=True, read_only=True),
        Field("OWNER_ID", INTEGER, owner.__getitem__, indexed=True),
        Field("OWNER_TYPE_ID", INTEGER, owner_type.__getitem__, indexed=True),
        Field("TYPE_ID", INTEGER, lambda p: TYPES[p % 3], indexed=True, required=True),
        Field("PROVIDER_ID", TEXT, lambda p: "CRM_EMAIL" if p % 3 == 2 else "CRM_TODO"),
        Field("PROVIDER_TYPE_ID", TEXT, Constant()),
        Field("ASSOCIATED_ENTITY_ID", INTEGER, Constant(0), fresh=always(0)),
        Field("SUBJECT", TEXT, lambda p: f"Activity {p + 1}", required=True),
        Field("DESCRIPTION", TEXT, Constant("")),
        Field("COMPLETED", CHAR, activities.completed.__getitem__, indexed=True, fresh=always("N")),
        Field("RESPONSIBLE_ID", USER, activities.responsible.__getitem__, indexed=True, fresh=author,
              required=True),
        Field("AUTHOR_ID", USER, Constant(1), read_only=True, fresh=author),
        Field("EDITOR_ID", USER, Constant(1), read_only=True, fresh=author, renewed=True),
        Field("PRIORITY", INTEGER, lambda p: p % 3 + 1, fresh=always(2)),
        Field("DIRECTION", INTEGER, Constant(0), fresh=always(0)),
        Field("START_TIME", DATETIME, start.__getitem__, fresh=now),
        Field("END_TIME", DATETIME, lambda p: start[p] + 3600, fresh=now),
        Field("DEADLINE", DATETIME, lambda p: start[p] + 86_400 if p % 5 else None),
        Field("CREATED", DATETIME, created, read_only=True, fresh=now),
        Field("LAST_UPDATED", DATETIME, created, read_only=True, fresh=now, renewed=True),
        Field("ORIGIN_ID", TEXT, Constant()),
        Field("BINDINGS", BINDINGS, bindings, indexed=True, part="named", derived=_bindings),
    ]  # fmt: skip
    return Table(fields, size, default_order=(("START_TIME", False),))


def _bindings(row: Any) -> tuple[Binding, ...]:
    """The bindings of a written row: its owner first, then those it had or was given."""
    others = row["BINDINGS"] or ()
    owner = (row["OWNER_TYPE_ID"] or 0, row["OWNER_ID"] or 0)
    return tuple(dict.fromkeys([owner, *others] if owner[1] else others))


def _wanted(value: Any) -> tuple[Binding, ...]:
    """Bindings of a filter: one, or an array of them."""
    pairs = [value] if isinstance(value, dict) and "OWNER_ID" in value else php.values(value)
    found = [_binding(pair) for pair in pairs if isinstance(pair, dict)]
    return tuple(dict.fromkeys(found))


def _binding(pair: dict[str, Any]) -> Binding:
    return php.to_int(pair.get("OWNER_TYPE_ID")), php.to_int(pair.get("OWNER_ID"))


def _shown(bindings: tuple[Binding, ...]) -> list[dict[str, str]]:
    return [{"OWNER_TYPE_ID": str(kind), "OWNER_ID": str(owner)} for kind, owner in bindings]


BINDINGS = Kind("crm_activity_binding", _wanted, _shown, store=_wanted, keys=tuple, join=True)


def _add(call: Context) -> Answer:
    """The owner may be named by the first of COMMUNICATIONS or BINDINGS."""
    activities = call.store.activities
    values = field_values(activities, call.params)
    for name, what in (("SUBJECT", "empty"), ("RESPONSIBLE_ID", "invalid"), ("TYPE_ID", "invalid")):
        if not values.get(name):
            raise ApiError(400, "", f"The field {name} is not defined or {what}.")
    owner = _owner(call.params["fields"] if "fields" in call.params else call.params["FIELDS"])
    if owner is None:
        raise ApiError(400, "", _NO_BINDING)
    return Answer(activities.add({**values, "OWNER_TYPE_ID": owner[0], "OWNER_ID": owner[1]}, stamp(call)))


def _owner(raw: Any) -> Binding | None:
    named = dict(php.items(raw))
    found = [_binding(named)]
    for pair in (*php.values(named.get("BINDINGS")), *php.values(named.get("COMMUNICATIONS"))):
        if isinstance(pair, dict):
            known = {key.replace("ENTITY_", "OWNER_"): value for key, value in pair.items()}
            found.append(_binding(known))
    return next((binding for binding in found if binding[0] > 0 and binding[1] > 0), None)


METHODS: dict[str, Handler] = {
    **classic_methods("crm.activity", lambda store: store.activities),
    "crm.activity.add": _add,
}
