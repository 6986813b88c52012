"""The list methods: filter, order, select and pages over a table, by the rules of the classic engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from perfkit.worlds.bitrix24 import php
from perfkit.worlds.bitrix24.answers import ID_INVALID, NOT_FOUND, Answer, ApiError
from perfkit.worlds.bitrix24.config import PAGE_ROWS
from perfkit.worlds.bitrix24.filters import parse_filter
from perfkit.worlds.bitrix24.tables import Order, Table

Params = Mapping[str, Any]


def classic_list(table: Table, params: Params, past_end: str) -> Answer:
    """``crm.*.list``: ``start`` is rounded down to a page, and no ``total`` is counted for a negative one."""
    conditions, dropped = parse_filter(array_param(params, "filter"), table)
    rows = table.find(conditions, _order(array_param(params, "order"), table))
    names = _select(array_param(params, "select"), table)
    start = php.to_int(params.get("start", params.get("START")))
    if start < 0:
        page = table.render(rows[:PAGE_ROWS], names)
        return Answer(page, rows=len(page), total=0, dropped=dropped)
    return page_answer(table, rows, _page_start(start, len(rows), past_end), names, dropped)


def page_answer(
    table: Table, rows: Sequence[int], first: int, names: list[str] | None, dropped: tuple[str, ...]
) -> Answer:
    """The page of ``rows`` from offset ``first``, with ``total``, and ``next`` if there is a next page."""
    page = table.render(rows[first : first + PAGE_ROWS], names)
    total, behind = len(rows), first + PAGE_ROWS
    answer = Answer(page, rows=len(page), counted=total, total=total, dropped=dropped)
    answer.next = behind if behind < total else None
    return answer


def _page_start(start: int, total: int, past_end: str) -> int:
    """Offset of the page that holds ``start``, by its number: page 1 when there is no such page."""
    if start >= total and past_end == "empty":
        return start
    first = start - start % PAGE_ROWS
    return first if first < total else 0


def classic_get(table: Table, params: Params) -> Answer:
    """``crm.*.get``: the row whose number ``id`` is. Raises ApiError without one, or for an unknown one."""
    wanted = next((value for key, value in params.items() if key.lower() == "id"), None)
    identity = 0 if php.is_array(wanted) else php.to_int(wanted)
    if identity <= 0:
        raise ApiError(*ID_INVALID)
    position = table.lookup(identity)
    if position is None:
        raise ApiError(*NOT_FOUND)
    return Answer(table.render([position])[0], rows=1)


def describe(table: Table) -> Answer:
    """``crm.*.fields``: what the fields are."""
    fields = {
        name: {
            "type": field.kind.name,
            "isRequired": False,
            "isReadOnly": field.read_only,
            "isImmutable": False,
            "isMultiple": False,
            "isDynamic": False,
            "title": name,
        }
        for name, field in table.fields.items()
    }
    return Answer(fields)


def array_param(params: Params, name: str) -> Any:
    """A list parameter under any of its four names: ``filter``, ``FILTER``, ``Filter``, ``arFilter``."""
    for spelling in (name, name.upper(), name.capitalize(), "ar" + name.capitalize()):
        if php.is_array(params.get(spelling)):
            return params[spelling]
    return None


def _order(raw: Any, table: Table) -> Order:
    """Known fields with their direction: anything but ASC descends. Without any, the table's own order."""
    wanted = [(key, php.to_text(value).upper() != "ASC") for key, value in php.items(raw)]
    return tuple(pair for pair in wanted if pair[0] in table.fields) or table.default_order


def _select(raw: Any, table: Table) -> list[str] | None:
    """Names of the fields to return, or None for all; ID is always among them, unknown ones never."""
    wanted = [php.to_text(value) for value in php.values(raw)]
    if not wanted or "*" in wanted:
        return None
    return unique(["ID", *(name for name in wanted if name in table.fields)])


def unique(names: Iterable[str]) -> list[str]:
    """``names`` without repetitions, in order."""
    return list(dict.fromkeys(names))
