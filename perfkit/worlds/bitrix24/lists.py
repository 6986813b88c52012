"""The list methods: filter, order, select and pages over a table, by the rules of the classic engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from perfkit.worlds.bitrix24 import php
from perfkit.worlds.bitrix24.answers import ID_INVALID, NOT_FOUND, Answer, ApiError
from perfkit.worlds.bitrix24.config import PAGE_ROWS
from perfkit.worlds.bitrix24.fields import Field
from perfkit.worlds.bitrix24.filters import parse_filter
from perfkit.worlds.bitrix24.rendering import Layout, classic, layout_of
from perfkit.worlds.bitrix24.tables import Order, Table

Params = Mapping[str, Any]
Notes = tuple[str, ...]

NO_SELECT = "no select: every field of the rows was read and sent"


def classic_list(table: Table, params: Params, past_end: str) -> Answer:
    """``crm.*.list``: ``start`` is rounded down to a page, and no ``total`` is counted for a negative one."""
    conditions, dropped = parse_filter(list_param(params, "filter"), table.fields)
    order, unordered = read_order(list_param(params, "order"), table)
    layout, unselected = select(table, array_param(params, "select"))
    rows = table.find(conditions, order)
    answer = page(table, layout, rows, start_of(params), past_end)
    answer.dropped = dropped
    answer.notes = (*dropped_notes(dropped), *unordered, *unselected, *answer.notes)
    return answer


def page(table: Table, layout: Layout, rows: Sequence[int], start: int, past_end: str) -> Answer:
    """The page of ``rows`` that ``start`` lies on; without a count for a negative ``start``."""
    if start < 0:
        found = layout.rows(table, rows[:PAGE_ROWS])
        return Answer(found, rows=len(found), total=0)
    first = _page_start(start, len(rows), past_end)
    answer = slice_answer(table, layout, rows, first)
    if first != start:
        answer.notes = (_misused(start, first, len(rows)),)
    return answer


def slice_answer(table: Table, layout: Layout, rows: Sequence[int], first: int) -> Answer:
    """The page of ``rows`` from offset ``first``, with ``total``, and ``next`` if there is a next page."""
    found = layout.rows(table, rows[first : first + PAGE_ROWS])
    total, behind = len(rows), first + PAGE_ROWS
    following = behind if behind < total else None
    return Answer(found, rows=len(found), counted=total, total=total, next=following)


def start_of(params: Params) -> int:
    """The parameter ``start``."""
    return php.to_int(params.get("start", params.get("START")))


def _page_start(start: int, total: int, past_end: str) -> int:
    """Offset of the page that holds ``start``, by its number: page 1 when there is no such page."""
    if start >= total and past_end == "empty":
        return start
    first = start - start % PAGE_ROWS
    return first if first < total else 0


def _misused(start: int, first: int, total: int) -> str:
    if start - start % PAGE_ROWS == first:
        return f"start={start} is no multiple of {PAGE_ROWS}: the page from {first} was sent"
    return f"start={start} lies behind the last of {total} rows: page 1 was sent again"


def classic_get(table: Table, params: Params) -> Answer:
    """``crm.*.get``: the row whose number ``id`` is. Raises ApiError without one, or for an unknown one."""
    position = table.lookup(row_id(params))
    if position is None:
        raise ApiError(*NOT_FOUND)
    layout = layout_of(table, "get", lambda: Layout(map(classic, _shown_by_get(table))))
    return Answer(layout.row(table, position), rows=1)


def row_id(params: Params) -> int:
    """The number a call names as ``id``, in any case. Raises ApiError without one."""
    wanted = params.get("ID")
    if wanted is None:
        wanted = next((value for key, value in params.items() if key.lower() == "id"), None)
    identity = 0 if php.is_array(wanted) else php.to_int(wanted)
    if identity <= 0:
        raise ApiError(*ID_INVALID)
    return identity


def _shown_by_get(table: Table) -> list[Field]:
    return [field for field in table.fields.values() if field.part != "inner" and not field.kind.join]


def describe(table: Table) -> Answer:
    """``crm.*.fields``: what the fields are."""
    fields = (field for field in table.fields.values() if field.part != "inner")
    return Answer({field.name: description(field, field.name) for field in fields})


def description(field: Field, title: str) -> dict[str, Any]:
    """One field as the methods ``fields`` describe it."""
    return {
        "type": field.kind.name,
        "isRequired": field.required,
        "isReadOnly": field.read_only,
        "isImmutable": False,
        "isMultiple": field.several,
        "isDynamic": field.part == "UF",
        "title": title,
    }


def array_param(params: Params, name: str) -> Any:
    """A list parameter under any of its four names: ``filter``, ``FILTER``, ``Filter``, ``arFilter``."""
    for spelling in _spellings(name):
        if php.is_array(params.get(spelling)):
            return params[spelling]
    return None


def list_param(params: Params, name: str) -> Any:
    """The same. Raises ApiError if it is there and no array."""
    found = array_param(params, name)
    if found is None and any(params.get(spelling) for spelling in _spellings(name)):
        raise ApiError(400, "", f"Parameter '{name}' must be array.")
    return found


def _spellings(name: str) -> tuple[str, ...]:
    return (name, name.upper(), name.capitalize(), "ar" + name.capitalize())


def read_order(raw: Any, table: Table) -> tuple[Order, Notes]:
    """Known fields with their direction: anything but ASC descends. Without any, the table's own order."""
    wanted = [(key, php.to_text(value).upper() != "ASC") for key, value in php.items(raw)]
    order = tuple(pair for pair in wanted if sortable(table.fields.get(pair[0])))
    notes = tuple(f"order by {key!r}: no such field, ignored" for key, _ in wanted if key not in table.fields)
    return order or table.default_order, notes


def sortable(field: Field | None) -> bool:
    """Whether rows can be sorted by ``field``."""
    return field is not None and not field.several and field.part != "inner"


def select(table: Table, raw: Any) -> tuple[Layout, Notes]:
    """How a list shows its rows; ID is always among the fields, unknown ones never."""
    wanted = tuple(php.to_text(value) for value in php.values(raw))
    layout = layout_of(table, ("classic", wanted), lambda: Layout(map(classic, _selected(table, wanted))))
    unknown = [name for name in wanted if name not in table.fields and name not in ("*", "UF_*")]
    notes = tuple(f"select {name!r}: no such field, ignored" for name in unknown)
    return layout, notes if wanted else (NO_SELECT,)


def _selected(table: Table, wanted: tuple[str, ...]) -> Iterable[Field]:
    names = {"ID": None}
    for name in wanted or ("*",):
        part = {"*": "", "UF_*": "UF"}.get(name)
        chosen = [f.name for f in table.fields.values() if f.part == part] if part is not None else [name]
        names.update(dict.fromkeys(chosen))
    found = (table.fields[name] for name in names if name in table.fields)
    return [field for field in found if field.part != "inner"]


def dropped_notes(dropped: Iterable[str]) -> Notes:
    """What to say of filter keys that were ignored."""
    return tuple(f"filter {key!r}: no such field, ignored: more rows may be found" for key in dropped)
