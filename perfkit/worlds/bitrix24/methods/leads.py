"""Leads: ``crm.lead.*``."""

from __future__ import annotations

from perfkit.worlds.bitrix24.answers import Answer
from perfkit.worlds.bitrix24.data import Leads, created_s
from perfkit.worlds.bitrix24.fields import CHAR, DATETIME, DOUBLE, INTEGER, STATUS, TEXT, Field
from perfkit.worlds.bitrix24.lists import classic_get, classic_list, describe
from perfkit.worlds.bitrix24.methods.store import Context, Handler
from perfkit.worlds.bitrix24.tables import Table

SOURCES = ("CALL", "EMAIL", "WEB", "ADVERTISING", "PARTNER", None)
"""Where leads come from; a sixth of them have no source (NULL)."""


def table(leads: Leads) -> Table:
    """The leads as the portal's API shows them."""
    size = len(leads.status)

    def created(position: int) -> int:
        return created_s(position, size)

    fields = [
        Field("ID", INTEGER, lambda p: p + 1, indexed=True, read_only=True),
        Field("TITLE", TEXT, lambda p: f"Lead {p + 1}"),
        Field("STATUS_ID", STATUS, leads.status.__getitem__, indexed=True),
        Field("ASSIGNED_BY_ID", INTEGER, leads.manager.__getitem__, indexed=True),
        Field("CREATED_BY_ID", INTEGER, lambda p: 1, read_only=True),
        Field("DATE_CREATE", DATETIME, created, read_only=True),
        Field("DATE_MODIFY", DATETIME, lambda p: created(p) + 60 * (p % 10_000), read_only=True),
        Field("SOURCE_ID", STATUS, lambda p: SOURCES[p % 6], indexed=True),
        Field("OPPORTUNITY", DOUBLE, lambda p: p * 37 % 200 * 500),
        Field("CURRENCY_ID", TEXT, lambda p: "RUB"),
        Field("COMPANY_ID", INTEGER, lambda p: p % 400 + 1 if p % 3 == 0 else None),
        Field("COMMENTS", TEXT, lambda p: "" if p % 2 else None),
        Field("OPENED", CHAR, lambda p: "Y"),
    ]
    return Table(fields, size)


def _list(call: Context) -> Answer:
    return classic_list(call.store.leads, call.params, call.config.past_end)


def _get(call: Context) -> Answer:
    return classic_get(call.store.leads, call.params)


def _fields(call: Context) -> Answer:
    return describe(call.store.leads)


METHODS: dict[str, Handler] = {"crm.lead.fields": _fields, "crm.lead.get": _get, "crm.lead.list": _list}
