"""Product rows of leads and deals: ``crm.*.productrows.*``. See ``item_products`` for those of any item."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perfkit.worlds.bitrix24 import php
from perfkit.worlds.bitrix24.answers import NOT_FOUND, Answer, ApiError
from perfkit.worlds.bitrix24.data import Leads
from perfkit.worlds.bitrix24.fields import DOUBLE, FLAG, INTEGER, TEXT, Constant, Field
from perfkit.worlds.bitrix24.filters import Condition
from perfkit.worlds.bitrix24.item_filters import (
    both_spellings,
    item_fields,
)
from perfkit.worlds.bitrix24.methods.entity import always, stamp
from perfkit.worlds.bitrix24.methods.store import DEAL, LEAD, OWNER_TYPES, SMART_PROCESS, Context, Handler
from perfkit.worlds.bitrix24.rendering import Column, Layout, layout_of
from perfkit.worlds.bitrix24.tables import Table

OWNERS = {OWNER_TYPES[number]: number for number in (LEAD, DEAL, SMART_PROCESS)}
"""entityTypeId of what may have rows, by its short code."""

_LEADS_PER_ROW, _DEALS_PER_PAIR = 3, 2
_INVALID_ID = (400, "", "The parameter id is invalid or not defined.")


def table(leads: Leads) -> Table:
    """The rows as the portal's API shows them: one for every third lead, two for every second deal."""
    size = len(leads.status)
    of_leads = (size + _LEADS_PER_ROW - 1) // _LEADS_PER_ROW
    of_deals = 2 * ((size + _DEALS_PER_PAIR - 1) // _DEALS_PER_PAIR)

    def owner(position: int) -> int:
        if position < of_leads:
            return _LEADS_PER_ROW * position + 1
        return _DEALS_PER_PAIR * ((position - of_leads) // 2) + 1

    def price(position: int) -> int:
        return (position * 41 % 97 + 1) * 100

    prices = ("PRICE", "PRICE_ACCOUNT", "PRICE_EXCLUSIVE", "PRICE_NETTO", "PRICE_BRUTTO")
    fields = [
        Field("ID", INTEGER, lambda p: p + 1, indexed=True, read_only=True),
        Field("OWNER_ID", INTEGER, owner, indexed=True),
        Field("OWNER_TYPE", TEXT, lambda p: "L" if p < of_leads else "D", indexed=True),
        Field("PRODUCT_ID", INTEGER, lambda p: p % 50 + 1, indexed=True, fresh=always(0)),
        Field("PRODUCT_NAME", TEXT, lambda p: f"Product {p % 50 + 1}", fresh=always("")),
        *(Field(name, DOUBLE, price, read_only=name != "PRICE", fresh=always(0),
                derived=None if name == "PRICE" else _price) for name in prices),
        Field("QUANTITY", DOUBLE, lambda p: p % 4 + 1, fresh=always(1)),
        Field("DISCOUNT_TYPE_ID", INTEGER, Constant(2), fresh=always(2)),
        Field("DISCOUNT_RATE", DOUBLE, Constant(0), fresh=always(0)),
        Field("DISCOUNT_SUM", DOUBLE, Constant(0), fresh=always(0)),
        Field("TAX_RATE", DOUBLE, Constant()),
        Field("TAX_INCLUDED", FLAG, Constant("N"), fresh=always("N")),
        Field("CUSTOMIZED", FLAG, Constant("Y"), fresh=always("Y")),
        Field("MEASURE_CODE", INTEGER, Constant(796), fresh=always(796)),
        Field("MEASURE_NAME", TEXT, Constant("pcs"), fresh=always("pcs")),
        Field("SORT", INTEGER, Constant(10), fresh=always(10)),
        Field("XML_ID", TEXT, Constant(""), fresh=always("")),
        Field("TYPE", INTEGER, Constant(1), fresh=always(1)),
    ]  # fmt: skip
    return Table(fields, of_leads + of_deals)


def _price(row: Mapping[str, Any]) -> Any:
    """Without taxes and discounts, which are not modelled, all prices are one."""
    return row["PRICE"]


def rows_of(rows: Table, owner_type: str, owner: int) -> list[int]:
    """Positions of the rows of one owner."""
    wanted = (
        Condition("OWNER_TYPE", "in", frozenset([owner_type])),
        Condition("OWNER_ID", "in", frozenset([owner])),
    )
    return list(rows.find(wanted, ()))


def replace_rows(call: Context, owner_type: str, owner: int, new: Any) -> None:
    """Set the rows of one owner. Those with a known ID are changed, the others added; the rest goes."""
    rows, who = call.store.product_rows, stamp(call)
    gone = {rows.ids[position] for position in rows_of(rows, owner_type, owner)}
    for raw in php.values(new):
        values = settable(rows, raw)
        identity = php.to_int(dict(php.items(raw)).get("id", dict(php.items(raw)).get("ID")))
        if identity in gone:
            gone.discard(identity)
            rows.update(identity, values, who)
        else:
            rows.add({**values, "OWNER_TYPE": owner_type, "OWNER_ID": owner}, who)
    for identity in sorted(gone):
        rows.delete(identity)


def settable(rows: Table, raw: Any) -> dict[str, Any]:
    """What a client may set, by either spelling of the names."""
    fields = spellings(rows)
    known = {fields[name]: value for name, value in php.items(raw) if name in fields}
    owner = ("OWNER_ID", "OWNER_TYPE")
    return {f.name: value for f, value in known.items() if not f.read_only and f.name not in owner}


def spellings(rows: Table) -> Mapping[str, Field]:
    """The fields of a row by either spelling of their names."""
    return layout_of(rows, "spellings", lambda: both_spellings(item_fields(rows)))


def _classic_column(field: Field) -> Column:
    """As ``crm.*.productrows.get`` shows it.

    The numbers of a row and its owner are text, like the price in the currency of account.
    """
    if field.name == "PRICE_ACCOUNT":
        return Column(field.name, field, "{:.8f}".format)
    show = str if field.name in ("ID", "OWNER_ID") else field.kind.item
    return Column(field.name, field, show)


def _classic(owner_type: str) -> dict[str, Handler]:
    def owner_of(call: Context) -> int:
        value = call.params.get("id", call.params.get("ID"))
        owner = 0 if php.is_array(value) else php.to_int(value)
        if owner <= 0:
            raise ApiError(*_INVALID_ID)
        if call.store.entities[OWNERS[owner_type]].lookup(owner) is None:
            raise ApiError(*NOT_FOUND)
        return owner

    def get(call: Context) -> Answer:
        rows = call.store.product_rows
        layout = layout_of(rows, "classic", lambda: Layout(map(_classic_column, rows.fields.values())))
        found = layout.rows(rows, rows_of(rows, owner_type, owner_of(call)))
        return Answer(found, rows=len(found))

    def set_(call: Context) -> Answer:
        new = call.params.get("rows")
        if not php.is_array(new):
            raise ApiError(400, "", "Parameter 'rows' must be array.")
        replace_rows(call, owner_type, owner_of(call), new)
        return Answer(True)

    name = {"L": "lead", "D": "deal"}[owner_type]
    return {f"crm.{name}.productrows.get": get, f"crm.{name}.productrows.set": set_}


METHODS: dict[str, Handler] = {**_classic("L"), **_classic("D")}
