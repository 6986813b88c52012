"""Writing tasks: ``tasks.task.add``, ``update``, ``delete``, and what gives one another status; comments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perfkit.worlds.bitrix24 import php
from perfkit.worlds.bitrix24.answers import Answer, ApiError
from perfkit.worlds.bitrix24.data import FIRST_DAY_S
from perfkit.worlds.bitrix24.fields import iso
from perfkit.worlds.bitrix24.lists import array_param
from perfkit.worlds.bitrix24.methods.entity import stamp
from perfkit.worlds.bitrix24.methods.store import Context, Handler
from perfkit.worlds.bitrix24.methods.tasks import (
    COMPLETED,
    DEFERRED,
    IN_PROGRESS,
    PENDING,
    STATUSES,
    field_name,
    task_answer,
    task_position,
)

_NO_FIELDS = (400, "100", "Could not find value for parameter {fields} (internal error)")


def _values(call: Context) -> dict[str, Any]:
    raw = call.params.get("fields")
    if not php.is_array(raw) or not raw:
        raise ApiError(*_NO_FIELDS)
    fields = call.store.tasks.fields
    named = {field_name(key): value for key, value in php.items(raw)}
    return {name: value for name, value in named.items() if name in fields and not fields[name].read_only}


def _checked(call: Context, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Raises ApiError for what no task can have."""
    if "TITLE" in values and not php.to_text(values["TITLE"]).strip():
        raise _core_error("Task name is not specified.")
    if "RESPONSIBLE_ID" in values:
        number = php.to_int(values["RESPONSIBLE_ID"])
        if number <= 0:
            raise _core_error("Responsible person is not specified.")
        if call.store.users.lookup(number) is None:
            raise _core_error('The user specified in the field "Responsible person" was not found.')
    if "STATUS" in values and php.to_int(values["STATUS"]) not in STATUSES:
        raise _core_error("Invalid status.")
    return values


def _core_error(text: str) -> ApiError:
    return ApiError(400, "ERROR_CORE", f"{text}<br>")


def _add(call: Context) -> Answer:
    values = _checked(call, {"TITLE": "", "RESPONSIBLE_ID": 0, **_values(call)})
    tasks = call.store.tasks
    return task_answer(call, tasks.lookup(tasks.add(values, stamp(call))) or 0)


def _update(call: Context) -> Answer:
    position = task_position(call)
    call.store.tasks.update(position + 1, _checked(call, _values(call)), stamp(call))
    return task_answer(call, position)


def _delete(call: Context) -> Answer:
    call.store.tasks.delete(task_position(call) + 1)
    return Answer({"task": True})


def _becomes(status: int) -> Handler:
    """A handler that gives a task another status."""

    def change(call: Context) -> Answer:
        position = task_position(call)
        today = iso(int(call.now_s))
        values: dict[str, Any] = {"STATUS": status, "STATUS_CHANGED_DATE": today}
        values |= {"CLOSED_DATE": None, "CLOSED_BY": None}
        if status == COMPLETED:
            values |= {"CLOSED_DATE": today, "CLOSED_BY": call.caller.user}
        if status == IN_PROGRESS:
            values["DATE_START"] = today
        call.store.tasks.update(position + 1, values, stamp(call))
        return task_answer(call, position)

    return change


def _comments(call: Context) -> Answer:
    """The comments of a task, oldest first unless ``ORDER`` says otherwise."""
    position = task_position(call)
    count = call.store.tasks.reader("COMMENTS_COUNT")(position)
    order = {key.upper(): php.to_text(value) for key, value in php.items(array_param(call.params, "order"))}
    rows = [_comment(position, number) for number in range(count)]
    if order.get("ID", order.get("POST_DATE", "asc")).upper() == "DESC":
        rows.reverse()
    return Answer(rows, rows=len(rows))


def _comment(position: int, number: int) -> dict[str, Any]:
    return {
        "POST_MESSAGE_HTML": None,
        "ID": str(3 * position + number + 1),
        "AUTHOR_ID": "1",
        "AUTHOR_NAME": "manager 1",
        "AUTHOR_EMAIL": "",
        "POST_DATE": iso(FIRST_DAY_S + 60 * (3 * position + number)),
        "POST_MESSAGE": f"Comment {number + 1}",
    }


METHODS: dict[str, Handler] = {
    "task.commentitem.getlist": _comments,
    "tasks.task.add": _add,
    "tasks.task.complete": _becomes(COMPLETED),
    "tasks.task.defer": _becomes(DEFERRED),
    "tasks.task.delete": _delete,
    "tasks.task.pause": _becomes(PENDING),
    "tasks.task.renew": _becomes(PENDING),
    "tasks.task.start": _becomes(IN_PROGRESS),
    "tasks.task.update": _update,
}
