"""Contacts: ``crm.contact.*``. There is one for every second lead; their names are labels."""

from __future__ import annotations

from collections.abc import Iterator

from perfkit.worlds.bitrix24 import communications
from perfkit.worlds.bitrix24.data import Leads, created_s
from perfkit.worlds.bitrix24.fields import COMPANY, DATE, INTEGER, TEXT, Field
from perfkit.worlds.bitrix24.methods.entity import (
    SOURCES,
    assigned,
    classic_methods,
    flag,
    optional,
    stamps,
    status,
    text,
)
from perfkit.worlds.bitrix24.methods.leads import COMPANIES
from perfkit.worlds.bitrix24.methods.store import CONTACT, Handler
from perfkit.worlds.bitrix24.tables import Table

TYPES = ("CLIENT", "SUPPLIER", "PARTNER", "OTHER")


def table(leads: Leads, entry_ids: Iterator[int]) -> Table:
    """The contacts as the portal's API shows them."""
    size = (len(leads.status) + 1) // 2

    def created(position: int) -> int:
        return created_s(position, size)

    fields = [
        Field("ID", INTEGER, lambda p: p + 1, indexed=True, read_only=True),
        text("HONORIFIC"),
        text("NAME", lambda p: f"Contact {p + 1}"),
        text("SECOND_NAME"),
        text("LAST_NAME", lambda p: f"No. {p + 1}"),
        text("POST"),
        status("TYPE_ID", lambda p: TYPES[p % 4], "CLIENT"),
        status("SOURCE_ID", lambda p: SOURCES[p % 6]),
        text("SOURCE_DESCRIPTION"),
        Field("COMPANY_ID", COMPANY, lambda p: p % COMPANIES + 1 if p % 2 else None, indexed=True),
        Field("LEAD_ID", INTEGER, lambda p: 2 * p + 1, indexed=True),
        assigned(lambda p: leads.manager[2 * p]),
        *stamps(created, lambda p: created(p) + 60 * (p % 5_000)),
        optional("BIRTHDATE", DATE),
        text("COMMENTS"),
        flag("OPENED", "Y"),
        flag("EXPORT", "Y"),
        text("ADDRESS"),
        text("ORIGINATOR_ID"),
        text("ORIGIN_ID"),
        text("UTM_SOURCE"),
        *communications.fields(PHONE, EMAIL, 3),
        Field("UF_CRM_LANGUAGE", TEXT, lambda p: ("ru", "en", None)[p % 3], part="UF"),
    ]
    return Table(fields, size, entry_ids=entry_ids)


PHONE = communications.Source(lambda p: p % 10, lambda p: f"+7001{p + 1:07d}")
"""A contact's telephone number, in no country's range; a tenth of them has none."""
EMAIL = communications.Source(lambda p: p % 2, lambda p: f"contact{p + 1}@example.org")
"""Its e-mail address, of every second contact."""


METHODS: dict[str, Handler] = classic_methods("crm.contact", lambda store: store.contacts, CONTACT)
