"""The portal's methods: one file per entity, each with its table and its handlers.

A file offers ``METHODS``, a dict of handlers by lower-case name. A new entity is a new file, a table in
``Store`` and a line in ``METHODS`` here.
"""

from __future__ import annotations

from itertools import count

from perfkit.worlds.bitrix24 import php
from perfkit.worlds.bitrix24.answers import Answer
from perfkit.worlds.bitrix24.auth import may_call
from perfkit.worlds.bitrix24.communications import ENTRIES_PER_ROW
from perfkit.worlds.bitrix24.data import Data
from perfkit.worlds.bitrix24.methods import (
    activities,
    companies,
    contacts,
    deals,
    disk,
    duplicates,
    item_products,
    items,
    leads,
    lines,
    products,
    records,
    smart,
    statuses,
    system,
    task_changes,
    tasks,
    telephony,
    users,
)
from perfkit.worlds.bitrix24.methods.store import (
    COMPANY,
    CONTACT,
    DEAL,
    LEAD,
    SMART_PROCESS,
    Context,
    Handler,
    Store,
)

__all__ = ["BATCH", "METHODS", "Context", "Handler", "Store", "open_store"]

BATCH = "batch"
"""Not a handler: the portal carries it out itself, since it calls the others."""


def open_store(data: Data) -> Store:
    """The tables of a new portal over generated ``data``. Cheap: rows are made when they are asked for."""
    entry_ids = count(ENTRIES_PER_ROW * (len(data.leads.status) + 1))
    entities = {
        LEAD: leads.table(data.leads, entry_ids),
        DEAL: deals.table(data.leads),
        CONTACT: contacts.table(data.leads, entry_ids),
        COMPANY: companies.table(data.leads, entry_ids),
        SMART_PROCESS: smart.table(data.leads),
    }
    return Store(
        activities=activities.table(data.activities),
        categories=statuses.categories(),
        companies=entities[COMPANY],
        contacts=entities[CONTACT],
        deals=entities[DEAL],
        departments=users.departments(),
        entities=entities,
        leads=entities[LEAD],
        product_rows=products.table(data.leads),
        statuses=statuses.table(),
        tasks=tasks.table(data.leads),
        users=users.table(data.users),
    )


def _methods(_context: Context) -> Answer:
    return Answer(sorted({*METHODS, BATCH}))


def _method_get(call: Context) -> Answer:
    """Whether a method exists, and whether the caller may call it."""
    name = php.to_text(call.params.get("name")).lower()
    exists = name in METHODS or name == BATCH
    return Answer({"isExisting": exists, "isAvailable": exists and may_call(call.caller.scopes, name)})


METHODS: dict[str, Handler] = {
    **activities.METHODS,
    **companies.METHODS,
    **contacts.METHODS,
    **deals.METHODS,
    **disk.METHODS,
    **duplicates.METHODS,
    **item_products.METHODS,
    **items.METHODS,
    **leads.METHODS,
    **lines.METHODS,
    **products.METHODS,
    **records.METHODS,
    **statuses.METHODS,
    **system.METHODS,
    **task_changes.METHODS,
    **tasks.METHODS,
    **telephony.METHODS,
    **users.METHODS,
    "method.get": _method_get,
    "methods": _methods,
}
