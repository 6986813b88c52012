"""Companies: ``crm.company.*``. There is one for each lead, and never more than 400."""

from __future__ import annotations

from collections.abc import Iterator

from perfkit.worlds.bitrix24 import communications
from perfkit.worlds.bitrix24.data import Leads, created_s
from perfkit.worlds.bitrix24.fields import CURRENCY, DOUBLE, INTEGER, TEXT, Constant, Field, Stamp
from perfkit.worlds.bitrix24.methods.entity import (
    always,
    assigned,
    classic_methods,
    flag,
    stamps,
    status,
    text,
)
from perfkit.worlds.bitrix24.methods.leads import COMPANIES
from perfkit.worlds.bitrix24.methods.store import COMPANY, Handler
from perfkit.worlds.bitrix24.tables import Table

TYPES = ("CUSTOMER", "SUPPLIER", "PARTNER", "OTHER")
INDUSTRIES = ("IT", "TELECOM", "MANUFACTURING", "OTHER")
EMPLOYEES = ("EMPLOYEES_1", "EMPLOYEES_2", "EMPLOYEES_3")


def table(leads: Leads, entry_ids: Iterator[int]) -> Table:
    """The companies as the portal's API shows them."""
    size = min(COMPANIES, len(leads.status))

    def created(position: int) -> int:
        return created_s(position, size)

    fields = [
        Field("ID", INTEGER, lambda p: p + 1, indexed=True, read_only=True),
        Field("TITLE", TEXT, lambda p: f"Company {p + 1}", fresh=_title),
        status("COMPANY_TYPE", lambda p: TYPES[p % 4], "CUSTOMER", item="typeId"),
        status("INDUSTRY", lambda p: INDUSTRIES[p % 4], "OTHER"),
        status("EMPLOYEES", lambda p: EMPLOYEES[p % 3], "EMPLOYEES_1"),
        Field("REVENUE", DOUBLE, lambda p: p * 91 % 1000 * 1000, fresh=always(0)),
        Field("CURRENCY_ID", CURRENCY, Constant("RUB"), fresh=always("RUB")),
        assigned(lambda p: leads.manager[p]),
        *stamps(created, lambda p: created(p) + 60 * (p % 1_000)),
        text("COMMENTS"),
        text("BANKING_DETAILS"),
        text("ADDRESS"),
        flag("OPENED", "Y"),
        flag("IS_MY_COMPANY", "N", "N"),
        text("ORIGINATOR_ID"),
        text("ORIGIN_ID"),
        text("UTM_SOURCE"),
        *communications.fields(PHONE, EMAIL, 5),
        Field("UF_CRM_SEGMENT", TEXT, lambda p: "ABC"[p % 3], part="UF"),
    ]
    return Table(fields, size, entry_ids=entry_ids)


PHONE = communications.Source(lambda _: True, lambda p: f"+7002{p + 1:07d}")
"""A company's telephone number, in no country's range."""
EMAIL = communications.Source(lambda _: True, lambda p: f"company{p + 1}@example.org")


def _title(stamp: Stamp) -> str:
    return f"Company #{stamp.number}"


METHODS: dict[str, Handler] = classic_methods("crm.company", lambda store: store.companies, COMPANY)
