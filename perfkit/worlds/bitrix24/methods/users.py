"""Users and departments: ``user.*`` with an engine of its own, ``department.get`` and ``profile``."""

from __future__ import annotations

from typing import Any

from perfkit.worlds.bitrix24 import php
from perfkit.worlds.bitrix24.answers import Answer
from perfkit.worlds.bitrix24.config import WEBHOOK_USER
from perfkit.worlds.bitrix24.data import FIRST_DAY_S, OTHER_MANAGERS
from perfkit.worlds.bitrix24.fields import BOOLEAN, DATETIME, INTEGER, NUMBERS, TEXT, Constant, Field
from perfkit.worlds.bitrix24.filters import parse_filter, split_key
from perfkit.worlds.bitrix24.lists import (
    array_param,
    dropped_notes,
    page,
    select,
    slice_answer,
    sortable,
    start_of,
)
from perfkit.worlds.bitrix24.methods.store import Context, Handler
from perfkit.worlds.bitrix24.rendering import Column, Layout, layout_of
from perfkit.worlds.bitrix24.tables import Table

_FORMER_USERS = OTHER_MANAGERS[-2:]
DEPARTMENTS = ("Company", "Sales", "Service", "Support")
"""The first one is above the others."""


def table(users: tuple[int, ...]) -> Table:
    """The users as the portal's API shows them. Their names are labels: nobody is meant."""
    fields = [
        Field("ID", INTEGER, users.__getitem__, indexed=True),
        Field("ACTIVE", BOOLEAN, lambda p: users[p] not in _FORMER_USERS),
        Field("NAME", TEXT, lambda p: "manager" if users[p] != WEBHOOK_USER else "administrator"),
        Field("LAST_NAME", TEXT, lambda p: str(users[p])),
        Field("EMAIL", TEXT, lambda p: f"user{users[p]}@example.org"),
        Field("WORK_POSITION", TEXT, lambda p: "sales" if users[p] != WEBHOOK_USER else None),
        Field("UF_DEPARTMENT", NUMBERS, lambda p: (1 + users[p] % 3,)),
        Field("USER_TYPE", TEXT, lambda p: "employee"),
        Field("DATE_REGISTER", DATETIME, lambda p: FIRST_DAY_S),
    ]
    return Table(fields, len(users), ids=users)


def departments() -> Table:
    """The departments as the portal's API shows them."""
    fields = [
        Field("ID", INTEGER, lambda p: p + 1, indexed=True),
        Field("NAME", TEXT, DEPARTMENTS.__getitem__),
        Field("SORT", INTEGER, Constant(500)),
        Field("PARENT", INTEGER, lambda p: 1 if p else None, indexed=True),
        Field("UF_HEAD", INTEGER, Constant(WEBHOOK_USER)),
    ]
    return Table(fields, len(DEPARTMENTS))


def _get(call: Context) -> Answer:
    """``start`` is an offset, ``sort`` names a field, ``order`` a direction; parameters may be conditions."""
    users, params = call.store.users, call.params
    wanted = array_param(params, "filter")
    if wanted is None:
        wanted = {key: value for key, value in params.items() if split_key(key)[1] in users.fields}
    conditions, dropped = parse_filter(wanted, users.fields)
    rows = users.find(conditions, ((_sort(call), php.to_text(params.get("order")).upper() == "DESC"),))
    answer = slice_answer(users, _layout(users), rows, max(0, start_of(params)))
    answer.dropped, answer.notes = dropped, dropped_notes(dropped)
    return answer


def _layout(users: Table) -> Layout:
    return select(users, ["*"])[0]


def _sort(call: Context) -> str:
    name = php.to_text(call.params.get("sort")).upper()
    return name if sortable(call.store.users.fields.get(name)) else "ID"


def _search(call: Context) -> Answer:
    """Users whose names or position hold ``FIND``, or the beginnings of the fields that are named."""
    users = call.store.users
    asked = array_param(call.params, "filter") or call.params
    text = {key.upper(): php.to_text(value).lower() for key, value in php.items(asked)}
    found = [
        position
        for position in users.find((), ())
        if _matches(users, position, text, ("NAME", "LAST_NAME", "WORK_POSITION"))
    ]
    return slice_answer(users, _layout(users), found, max(0, start_of(call.params)))


def _matches(users: Table, position: int, asked: dict[str, str], names: tuple[str, ...]) -> bool:
    shown = {name: (users.reader(name)(position) or "").lower() for name in names}
    anywhere = asked.get("FIND", "") in " ".join(shown.values())
    return anywhere and all(shown[name].startswith(asked.get(name, "")) for name in names)


def _current(call: Context) -> Answer:
    """The user the call is made by."""
    position = call.store.users.lookup(call.caller.user)
    return Answer(_layout(call.store.users).row(call.store.users, position or 0), rows=1)


def _fields(call: Context) -> Answer:
    return Answer({name: name.replace("_", " ").capitalize() for name in call.store.users.fields})


def _profile(call: Context) -> Answer:
    users = call.store.users
    layout, _ = select(users, ["ID", "NAME", "LAST_NAME"])
    user: dict[str, Any] = layout.row(users, users.lookup(call.caller.user) or 0)
    admin = call.caller.user == WEBHOOK_USER
    return Answer({**user, "ADMIN": admin, "PERSONAL_GENDER": "", "TIME_ZONE": ""}, rows=1)


def _departments(call: Context) -> Answer:
    table, params = call.store.departments, call.params
    asked = {key: value for key, value in params.items() if key in table.fields}
    conditions, dropped = parse_filter(asked, table.fields)
    name = php.to_text(params.get("sort")).upper()
    order = ((name if name in table.fields else "ID", php.to_text(params.get("order")).upper() == "DESC"),)
    layout = layout_of(table, "classic", lambda: Layout(map(_department, table.fields.values())))
    answer = page(table, layout, table.find(conditions, order), max(0, start_of(params)), "empty")
    answer.dropped = dropped
    return answer


def _department(field: Field) -> Column:
    """As ``department.get`` shows it: SORT is a number, and the one above is left out where there is none."""
    show = None if field.name == "SORT" else field.kind.show
    return Column(field.name, field, show, optional=field.name == "PARENT")


METHODS: dict[str, Handler] = {
    "department.get": _departments,
    "profile": _profile,
    "user.current": _current,
    "user.fields": _fields,
    "user.get": _get,
    "user.search": _search,
}
