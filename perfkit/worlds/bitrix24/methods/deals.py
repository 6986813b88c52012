"""Deals: ``crm.deal.*``. There is one for each lead."""

from __future__ import annotations

from perfkit.worlds.bitrix24.data import Leads, created_s
from perfkit.worlds.bitrix24.fields import (
    CHAR,
    DATE,
    DOUBLE,
    FLAG,
    INTEGER,
    TEXT,
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
    now,
    optional,
    stamps,
    status,
    text,
)
from perfkit.worlds.bitrix24.methods.leads import COMPANIES
from perfkit.worlds.bitrix24.methods.store import DEAL, Handler
from perfkit.worlds.bitrix24.tables import Table

STAGES = ("NEW", "PREPARATION", "PREPAYMENT_INVOICE", "EXECUTING", "FINAL_INVOICE", "WON", "LOSE", "APOLOGY")
TYPES = ("SALE", "SERVICES", None)
WEEK_S = 7 * 86_400


def table(leads: Leads) -> Table:
    """The deals as the portal's API shows them."""
    size = len(leads.status)

    def created(position: int) -> int:
        return created_s(position, size)

    def stage(position: int) -> str:
        return STAGES[position % 8]

    fields = [
        Field("ID", INTEGER, lambda p: p + 1, indexed=True, read_only=True),
        Field("TITLE", TEXT, lambda p: f"Deal {p + 1}", fresh=_title),
        status("TYPE_ID", lambda p: TYPES[p % 3], "SALE"),
        status("STAGE_ID", stage, "NEW"),
        Field("STAGE_SEMANTIC_ID", CHAR, lambda p: semantics(stage(p)), read_only=True,
              derived=lambda row: semantics(row["STAGE_ID"])),
        Field("CLOSED", FLAG, lambda p: closed(stage(p)), derived=lambda row: closed(row["STAGE_ID"])),
        Field("CATEGORY_ID", INTEGER, Constant(0), indexed=True, fresh=always(0)),
        optional("PROBABILITY", INTEGER, lambda p: p % 8 * 10),
        *money(lambda p: p * 53 % 400 * 250),
        optional("TAX_VALUE", DOUBLE),
        assigned(leads.manager.__getitem__),
        *stamps(created, lambda p: created(p) + 30 * (p % 20_000)),
        Field("BEGINDATE", DATE, created, fresh=now),
        Field("CLOSEDATE", DATE, lambda p: created(p) + WEEK_S, fresh=lambda stamp: now(stamp) + WEEK_S),
        Field("LEAD_ID", INTEGER, lambda p: p + 1, indexed=True),
        *customers(lambda p: p % COMPANIES + 1 if p % 3 == 0 else None, lambda p: p // 2 + 1),
        status("SOURCE_ID", lambda p: SOURCES[p % 6]),
        text("SOURCE_DESCRIPTION"),
        text("COMMENTS"),
        text("ADDITIONAL_INFO"),
        flag("OPENED", "Y"),
        flag("IS_NEW", lambda p: "Y" if p % 8 == 0 else "N"),
        flag("IS_RECURRING", "N", "N"),
        text("ORIGINATOR_ID"),
        text("ORIGIN_ID"),
        text("UTM_SOURCE"),
        Field("UF_CRM_DELIVERY", TEXT, lambda p: ("courier", "pickup", None)[p % 3], part="UF"),
    ]  # fmt: skip
    return Table(fields, size)


def semantics(stage_id: str | None) -> str:
    """Whether a stage is a success, a failure or still being worked on."""
    return {"WON": "S", "LOSE": "F", "APOLOGY": "F"}.get(stage_id or "", "P")


def closed(stage_id: str | None) -> str:
    """Whether a deal in this stage is closed: Y or N."""
    return "N" if semantics(stage_id) == "P" else "Y"


def _title(stamp: Stamp) -> str:
    return f"Deal #{stamp.number}"


METHODS: dict[str, Handler] = classic_methods("crm.deal", lambda store: store.deals, DEAL)
