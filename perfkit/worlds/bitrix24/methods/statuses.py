"""Lists of statuses, ``crm.status.*``; pipelines, ``crm.category.list`` and ``crm.dealcategory.*``."""

from __future__ import annotations

from perfkit.worlds.bitrix24 import php
from perfkit.worlds.bitrix24.answers import Answer, ApiError
from perfkit.worlds.bitrix24.data import OTHER_STATUSES, REPORT_STATUSES
from perfkit.worlds.bitrix24.fields import FLAG, INTEGER, TEXT, Constant, Field
from perfkit.worlds.bitrix24.filters import Condition
from perfkit.worlds.bitrix24.lists import row_id, select
from perfkit.worlds.bitrix24.methods import companies, contacts, deals, leads, smart
from perfkit.worlds.bitrix24.methods.entity import SOURCES, always, classic_methods
from perfkit.worlds.bitrix24.methods.store import DEAL, LEAD, SMART_PROCESS, Context, Handler
from perfkit.worlds.bitrix24.rendering import Layout, camel_case, classic, layout_of
from perfkit.worlds.bitrix24.tables import Table

_SMART_STAGES = f"DYNAMIC_{SMART_PROCESS}_STAGE_{smart.CATEGORY}"
LISTS: dict[str, tuple[str | None, ...]] = {
    "STATUS": (*REPORT_STATUSES, *OTHER_STATUSES),
    "SOURCE": SOURCES[:-1],
    "DEAL_STAGE": deals.STAGES,
    "DEAL_TYPE": deals.TYPES[:-1],
    "CONTACT_TYPE": contacts.TYPES,
    "COMPANY_TYPE": companies.TYPES,
    "INDUSTRY": companies.INDUSTRIES,
    "EMPLOYEES": companies.EMPLOYEES,
    _SMART_STAGES: smart.STAGES,
}
"""All lists, by their ENTITY_ID."""
_SEMANTICS = {"STATUS": leads.semantics, "DEAL_STAGE": deals.semantics}
_OWNERS = {"STATUS": LEAD, "DEAL_STAGE": DEAL, _SMART_STAGES: SMART_PROCESS}
STATUS_NOT_FOUND = (400, "Status is not found.", "Status is not found.")


def table() -> Table:
    """The statuses as the portal's API shows them."""
    rows = [(name, value or "", n) for name, values in LISTS.items() for n, value in enumerate(values, 1)]
    fields = [
        Field("ID", INTEGER, lambda p: p + 1, indexed=True, read_only=True),
        Field("ENTITY_ID", TEXT, lambda p: rows[p][0], indexed=True, required=True),
        Field("STATUS_ID", TEXT, lambda p: rows[p][1], indexed=True, required=True),
        Field("NAME", TEXT, lambda p: rows[p][1].rpartition(":")[2].replace("_", " ").capitalize(),
              required=True),
        Field("NAME_INIT", TEXT, Constant("")),
        Field("SORT", INTEGER, lambda p: 10 * rows[p][2], fresh=always(10)),
        Field("SYSTEM", FLAG, lambda p: "Y" if rows[p][2] == 1 else "N", read_only=True, fresh=always("N")),
        Field("CATEGORY_ID", INTEGER, lambda p: smart.CATEGORY if rows[p][0] == _SMART_STAGES else None),
        Field("COLOR", TEXT, Constant()),
        Field("SEMANTICS", TEXT, lambda p: _semantics(*rows[p][:2])),
    ]  # fmt: skip
    return Table(fields, len(rows), default_order=(("SORT", False),))


def _semantics(entity: str, value: str) -> str | None:
    found = _SEMANTICS[entity](value) if entity in _SEMANTICS else "P"
    return None if found == "P" else found


def categories() -> Table:
    """The pipelines of deals and of the smart process."""
    rows = ((DEAL, 0, "General"), (SMART_PROCESS, smart.CATEGORY, "General"))
    fields = [
        Field("ID", INTEGER, lambda p: rows[p][1], indexed=True),
        Field("NAME", TEXT, lambda p: rows[p][2]),
        Field("SORT", INTEGER, Constant(300)),
        Field("ENTITY_TYPE_ID", INTEGER, lambda p: rows[p][0], indexed=True),
        Field("IS_DEFAULT", FLAG, Constant("Y")),
    ]
    return Table(fields, len(rows), ids=(0, 1))


def _get(call: Context) -> Answer:
    statuses = call.store.statuses
    position = statuses.lookup(row_id(call.params))
    if position is None:
        raise ApiError(*STATUS_NOT_FOUND)
    layout, _ = select(statuses, None)
    return Answer(layout.row(statuses, position), rows=1)


def _types(call: Context) -> Answer:
    """The lists there are."""
    described = [{"ID": name, "NAME": name.replace("_", " ").capitalize()} for name in LISTS]
    return Answer([{**one, "ENTITY_TYPE_ID": _OWNERS[one["ID"]]} if one["ID"] in _OWNERS else one
                   for one in described])  # fmt: skip


def _items(call: Context) -> Answer:
    """One list, by its ``entityId``."""
    name = next((value for key, value in call.params.items() if key.lower() == "entityid"), None)
    return _brief(call.store.statuses, php.to_text(name))


def _brief(statuses: Table, entity: str) -> Answer:
    wanted = Condition("ENTITY_ID", "in", frozenset([entity]))
    names = ("NAME", "SORT", "STATUS_ID")
    layout = layout_of(statuses, names, lambda: Layout(classic(statuses.fields[name]) for name in names))
    found = layout.rows(statuses, statuses.find((wanted,), statuses.default_order))
    return Answer(found, rows=len(found))


def _categories(call: Context) -> Answer:
    table = call.store.categories
    wanted = Condition("ENTITY_TYPE_ID", "in", frozenset([php.to_int(call.params.get("entityTypeId"))]))
    layout = layout_of(table, "items", lambda: Layout(map(camel_case, table.fields.values())))
    found = layout.rows(table, table.find((wanted,), ()))
    return Answer({"categories": found}, rows=len(found), total=len(found))


def _deal_categories(_call: Context) -> Answer:
    """The pipelines of deals but the general one, which has no row: there are none."""
    return Answer([], total=0)


def _deal_stages(call: Context) -> Answer:
    """The stages of the pipeline ``id``; none if there is no such."""
    number = php.to_int(call.params.get("id", call.params.get("ID")))
    return _brief(call.store.statuses, f"DEAL_STAGE_{number}" if number else "DEAL_STAGE")


METHODS: dict[str, Handler] = {
    **classic_methods("crm.status", lambda store: store.statuses),
    "crm.category.list": _categories,
    "crm.dealcategory.list": _deal_categories,
    "crm.dealcategory.stage.list": _deal_stages,
    "crm.status.entity.items": _items,
    "crm.status.entity.types": _types,
    "crm.status.get": _get,
}
