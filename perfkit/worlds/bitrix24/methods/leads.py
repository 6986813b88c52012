"""Leads: ``crm.lead.*``."""

from __future__ import annotations

from collections.abc import Iterator

from perfkit.worlds.bitrix24 import communications
from perfkit.worlds.bitrix24.data import FIRST_DAY_S, YEAR_S, Leads
from perfkit.worlds.bitrix24.fields import (
    CHAR,
    DATE,
    DATETIME,
    INTEGER,
    TEXT,
    TEXTS,
    USER_BOOLEAN,
    Constant,
    Field,
    Stamp,
)
from perfkit.worlds.bitrix24.methods.entity import (
    SOURCES,
    always,
    assigned,
    classic_methods,
    customers,
    flag,
    money,
    optional,
    stamps,
    status,
    text,
)
from perfkit.worlds.bitrix24.methods.store import LEAD, Handler
from perfkit.worlds.bitrix24.tables import Table

COMPANIES = 400
"""A portal has a company for each lead, and no more than these."""


def table(leads: Leads, entry_ids: Iterator[int]) -> Table:
    """The leads as the portal's API shows them."""
    size = len(leads.status)

    def created(position: int) -> int:
        return FIRST_DAY_S + YEAR_S * position // size  # created_s, without the call

    def modified(position: int) -> int:
        return FIRST_DAY_S + YEAR_S * position // size + 60 * (position % 10_000)

    fields = [
        Field("ID", INTEGER, lambda p: p + 1, indexed=True, read_only=True),
        Field("TITLE", TEXT, lambda p: f"Lead {p + 1}", fresh=_title),
        status("STATUS_ID", leads.status.__getitem__, "NEW", item="stageId"),
        Field("STATUS_SEMANTIC_ID", CHAR, lambda p: semantics(leads.status[p]), read_only=True,
              item="stageSemanticId", derived=lambda row: semantics(row["STATUS_ID"])),
        assigned(leads.manager.__getitem__),
        *stamps(created, modified),
        Field("DATE_CLOSED", DATETIME, Constant(), read_only=True),
        status("SOURCE_ID", lambda p: SOURCES[p % 6]),
        text("SOURCE_DESCRIPTION"),
        *money(lambda p: p * 37 % 200 * 500),
        *customers(lambda p: p % COMPANIES + 1 if p % 3 == 0 else None, contact_of),
        text("COMMENTS", lambda p: "" if p % 2 else None),
        flag("OPENED", "Y"),
        text("HONORIFIC"),
        text("NAME", lambda p: f"Person {p + 1}"),
        text("SECOND_NAME"),
        text("LAST_NAME"),
        text("COMPANY_TITLE"),
        text("POST"),
        optional("BIRTHDATE", DATE),
        text("ORIGINATOR_ID"),
        text("ORIGIN_ID"),
        text("UTM_SOURCE"),
        text("ADDRESS"),
        *communications.fields(PHONE, EMAIL, 1),
        Field("UF_CRM_REGION", TEXT, lambda p: REGIONS[p % len(REGIONS)], part="UF", indexed=True),
        Field("UF_CRM_SCORE", INTEGER, lambda p: p * 7 % 101, part="UF"),
        Field("UF_CRM_TAGS", TEXTS, lambda p: ("hot",) if p % 10 == 0 else (), part="UF", fresh=always(())),
        Field("UF_CRM_1720019876534", USER_BOOLEAN, lambda p: p % 9 == 0, part="UF", fresh=always(False)),
    ]  # fmt: skip
    return Table(fields, size, entry_ids=entry_ids)


REGIONS = ("north", "east", "south", "west", None)


PHONE = communications.Source(lambda p: p % 5, lambda p: f"+7000{p + 1:07d}")
"""A lead's telephone number, in no country's range; a fifth of the leads has none."""
EMAIL = communications.Source(lambda p: p % 3 == 0, lambda p: f"lead{p + 1}@example.org")
"""Its e-mail address, of every third lead."""


def contact_of(position: int) -> int | None:
    """The contact a lead belongs to, for every fourth."""
    return position // 2 + 1 if position % 4 == 2 else None


def semantics(status_id: str | None) -> str:
    """Whether a status is a success, a failure or still being worked on.

    >>> semantics("CONVERTED"), semantics("JUNK"), semantics("NEW")
    ('S', 'F', 'P')
    """
    return _SEMANTICS.get(status_id or "", "P")


_SEMANTICS = {"CONVERTED": "S", "JUNK": "F"}


def _title(stamp: Stamp) -> str:
    return f"Lead #{stamp.number}"


METHODS: dict[str, Handler] = classic_methods("crm.lead", lambda store: store.leads, LEAD)
