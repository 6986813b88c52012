"""Tasks, one for every fourth lead: ``tasks.task.*``. What changes them is in ``task_changes``."""

from __future__ import annotations

from typing import Any

from perfkit.worlds.bitrix24 import php
from perfkit.worlds.bitrix24.answers import Answer, ApiError
from perfkit.worlds.bitrix24.data import Leads, created_s
from perfkit.worlds.bitrix24.fields import (
    CHAR,
    DATETIME,
    FLAG,
    INTEGER,
    TEXT,
    TEXTS,
    USER,
    USERS,
    Constant,
    Field,
    upper,
)
from perfkit.worlds.bitrix24.filters import parse_filter
from perfkit.worlds.bitrix24.lists import NO_SELECT, array_param, dropped_notes, page, sortable, start_of
from perfkit.worlds.bitrix24.methods.entity import always, author, now
from perfkit.worlds.bitrix24.methods.store import Context, Handler
from perfkit.worlds.bitrix24.rendering import Column, Layout, layout_of
from perfkit.worlds.bitrix24.tables import Order, Table

PENDING, IN_PROGRESS, COMPLETED, DEFERRED = 2, 3, 5, 6
"""Statuses of a task."""
STATUSES = (PENDING, IN_PROGRESS, 4, COMPLETED, DEFERRED)
"""All of them; 4 awaits control."""
_GENERATED = (PENDING, IN_PROGRESS, COMPLETED, COMPLETED, DEFERRED)
_DAY_S = 86_400
_NO_TASK_ID = (
    400,
    "100",
    "CTaskItem All parameters in the constructor must have real class type (internal error)",
)
_WRONG_TASK_ID = (400, "0", "wrong task id (internal error)")
_NO_ACCESS = (400, "1048582", "No access to the task")
_BAD_ORDER = (400, "0", "Invalid sort key (internal error)")
_BAD_SELECT = (
    400,
    "100",
    "Invalid value {} to match with parameter {select}. Should be value of type array. (internal error)",
)


def table(leads: Leads) -> Table:
    """The tasks as the portal's API shows them."""
    size = len(leads.status) // 4

    def created(position: int) -> int:
        return created_s(position, size)

    def in_charge(position: int) -> int:
        return leads.manager[4 * position]

    def closed(position: int) -> int | None:
        return created(position) + _DAY_S if _GENERATED[position % 5] == COMPLETED else None

    fields = [
        Field("ID", INTEGER, lambda p: p + 1, indexed=True, read_only=True),
        Field("PARENT_ID", INTEGER, Constant(0), fresh=always(0)),
        Field("TITLE", TEXT, lambda p: f"Task {p + 1}"),
        Field("DESCRIPTION", TEXT, Constant(""), fresh=always("")),
        Field("MARK", CHAR, Constant()),
        Field("PRIORITY", INTEGER, lambda p: p % 3, fresh=always(1)),
        Field("STATUS", INTEGER, lambda p: _GENERATED[p % 5], indexed=True, fresh=always(PENDING)),
        Field("GROUP_ID", INTEGER, Constant(0), fresh=always(0)),
        Field("STAGE_ID", INTEGER, Constant(0), fresh=always(0)),
        Field("CREATED_BY", USER, Constant(1), indexed=True, fresh=author),
        Field("CREATED_DATE", DATETIME, created, read_only=True, fresh=now),
        Field("RESPONSIBLE_ID", USER, in_charge, indexed=True),
        Field("ACCOMPLICES", USERS, Constant(()), fresh=always(())),
        Field("AUDITORS", USERS, lambda p: (1,) if p % 7 == 0 else (), fresh=always(())),
        Field("CHANGED_BY", USER, Constant(1), read_only=True, fresh=author, renewed=True),
        Field("CHANGED_DATE", DATETIME, lambda p: created(p) + 60 * (p % 9_000), read_only=True, fresh=now,
              renewed=True),
        Field("STATUS_CHANGED_DATE", DATETIME, created, read_only=True, fresh=now),
        Field("CLOSED_BY", USER, lambda p: None if closed(p) is None else in_charge(p), read_only=True),
        Field("CLOSED_DATE", DATETIME, closed, read_only=True),
        Field("DATE_START", DATETIME, Constant()),
        Field("DEADLINE", DATETIME, lambda p: created(p) + _DAY_S * (p % 14) if p % 6 else None),
        Field("START_DATE_PLAN", DATETIME, Constant()),
        Field("END_DATE_PLAN", DATETIME, Constant()),
        Field("COMMENTS_COUNT", INTEGER, lambda p: p % 3, read_only=True, fresh=always(0)),
        Field("ALLOW_CHANGE_DEADLINE", FLAG, Constant("Y"), fresh=always("Y")),
        Field("TASK_CONTROL", FLAG, Constant("N"), fresh=always("N")),
        Field("TIME_ESTIMATE", INTEGER, Constant(0), fresh=always(0)),
        Field("XML_ID", TEXT, Constant()),
        Field("UF_CRM_TASK", TEXTS, lambda p: (f"L_{4 * p + 1}",), part="UF", indexed=True),
    ]  # fmt: skip
    return Table(fields, size, default_order=(("ID", True),))


def _columns(tasks: Table, wanted: tuple[str, ...]) -> list[Column]:
    """The fields a call selects, and the persons behind their numbers."""
    names = [
        field.name
        for field in tasks.fields.values()
        if not wanted
        or field.name == "ID"
        or field.name in wanted
        or (field.part == "UF" and "UF_*" in wanted)
        or (not field.part and "*" in wanted)
    ]
    columns = [
        Column(field.item_name, field, field.kind.show) for field in map(tasks.fields.get, names) if field
    ]
    persons = {"CREATED_BY": "creator", "RESPONSIBLE_ID": "responsible"}
    return columns + [
        Column(key, tasks.fields[name], _person) for name, key in persons.items() if name in names
    ]


def _person(user: int) -> dict[str, Any]:
    return {
        "id": str(user),
        "name": f"manager {user}",
        "link": f"/company/personal/user/{user}/",
        "icon": None,
        "workPosition": None,
    }


def _layout(tasks: Table, raw: Any) -> Layout:
    wanted = tuple(field_name(php.to_text(value)) for value in php.values(raw))
    return layout_of(tasks, ("task", wanted), lambda: Layout(_columns(tasks, wanted)))


def field_name(name: str) -> str:
    """A field's name in capitals, from either spelling."""
    return name if name.isupper() else upper(name)


def _list(call: Context) -> Answer:
    tasks, params = call.store.tasks, call.params
    raw = {_filter_key(key): value for key, value in php.items(array_param(params, "filter"))}
    conditions, dropped = parse_filter(raw, tasks.fields)
    chosen = array_param(params, "select")
    rows = tasks.find(conditions, _order(array_param(params, "order"), tasks))
    answer = page(tasks, _layout(tasks, chosen), rows, start_of(params), call.config.past_end)
    answer.result = {"tasks": answer.result}
    answer.dropped = dropped
    answer.notes = (*dropped_notes(dropped), *(() if chosen else (NO_SELECT,)), *answer.notes)
    return answer


def _filter_key(key: str) -> str:
    """REAL_STATUS is the older name of STATUS in filters."""
    return key.replace("REAL_STATUS", "STATUS")


def _order(raw: Any, tasks: Table) -> Order:
    """Raises ApiError for a field that nothing can be sorted by."""
    order = []
    for key, value in php.items(raw):
        if not sortable(tasks.fields.get(field_name(key))):
            raise ApiError(*_BAD_ORDER)
        order.append((field_name(key), php.to_text(value).upper() == "DESC"))
    return tuple(order) or tasks.default_order


def task_position(call: Context) -> int:
    """Where the task is that a call names. Raises ApiError without one, or for an unknown one."""
    value = next((value for key, value in call.params.items() if key.lower() in ("taskid", "id")), None)
    if value is None or value == "":
        raise ApiError(*_NO_TASK_ID)
    number = 0 if php.is_array(value) else php.to_int(value)
    if number <= 0:
        raise ApiError(*_WRONG_TASK_ID)
    position = call.store.tasks.lookup(number)
    if position is None:
        raise ApiError(*_NO_ACCESS)
    return position


def _get(call: Context) -> Answer:
    position, raw = task_position(call), call.params.get("select")
    if raw is not None and (not php.is_array(raw) or not raw):
        raise ApiError(*_BAD_SELECT)
    return task_answer(call, position, raw)


def task_answer(call: Context, position: int, chosen: Any = None) -> Answer:
    """One task as a method returns it, with the ``chosen`` fields or all."""
    tasks = call.store.tasks
    return Answer({"task": _layout(tasks, chosen).row(tasks, position)}, rows=1)


def _describe(call: Context) -> Answer:
    fields = {
        name: {"title": name, "type": field.kind.name, "primary": True} if name == "ID"
        else {"title": name, "type": field.kind.name}
        for name, field in call.store.tasks.fields.items()
    }  # fmt: skip
    return Answer({"fields": fields})


METHODS: dict[str, Handler] = {
    "tasks.task.get": _get,
    "tasks.task.getfields": _describe,
    "tasks.task.list": _list,
}
