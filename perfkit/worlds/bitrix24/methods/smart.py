"""The portal's one smart process, which only ``crm.item.*`` knows. It has an item for every fifth lead."""

from __future__ import annotations

from perfkit.worlds.bitrix24.data import Leads, created_s
from perfkit.worlds.bitrix24.fields import DATE, INTEGER, TEXT, Constant, Field, Stamp
from perfkit.worlds.bitrix24.methods.entity import (
    always,
    assigned,
    customers,
    flag,
    money,
    now,
    stamps,
    status,
    text,
)
from perfkit.worlds.bitrix24.methods.leads import COMPANIES
from perfkit.worlds.bitrix24.methods.store import SMART_PROCESS
from perfkit.worlds.bitrix24.tables import Table

CATEGORY = 1
STAGES = tuple(f"DT{SMART_PROCESS}_{CATEGORY}:{name}" for name in ("NEW", "PREPARATION", "SUCCESS", "FAIL"))
WEEK_S = 7 * 86_400


def table(leads: Leads) -> Table:
    """The items as the portal's API shows them."""
    size = len(leads.status) // 5

    def created(position: int) -> int:
        return created_s(position, size)

    fields = [
        Field("ID", INTEGER, lambda p: p + 1, indexed=True, read_only=True),
        Field("TITLE", TEXT, lambda p: f"Item {p + 1}", fresh=_title),
        text("XML_ID"),
        *stamps(created, lambda p: created(p) + 60 * (p % 1_000)),
        assigned(lambda p: leads.manager[5 * p]),
        flag("OPENED", "Y"),
        Field("CATEGORY_ID", INTEGER, Constant(CATEGORY), indexed=True, fresh=always(CATEGORY)),
        status("STAGE_ID", lambda p: STAGES[p % 4], STAGES[0]),
        Field("BEGINDATE", DATE, created, fresh=now),
        Field("CLOSEDATE", DATE, lambda p: created(p) + WEEK_S, fresh=lambda stamp: now(stamp) + WEEK_S),
        *customers(lambda p: p % COMPANIES + 1 if p % 2 else None, lambda p: p + 1),
        *money(lambda p: p * 29 % 100 * 1000),
        status("SOURCE_ID", Constant()),
        text("SOURCE_DESCRIPTION"),
        Field("UF_CRM_1_1639669411830", TEXT, lambda p: ("low", "high")[p % 2], part="UF"),
    ]
    return Table(fields, size)


def _title(stamp: Stamp) -> str:
    return f"Item #{stamp.number}"
