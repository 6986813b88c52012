"""What the handlers work on: the tables of one portal, and the call at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from perfkit.worlds.bitrix24.answers import Answer
from perfkit.worlds.bitrix24.auth import Caller
from perfkit.worlds.bitrix24.communications import code
from perfkit.worlds.bitrix24.config import PortalConfig
from perfkit.worlds.bitrix24.fields import Stamp
from perfkit.worlds.bitrix24.files import Files
from perfkit.worlds.bitrix24.filters import Condition
from perfkit.worlds.bitrix24.tables import Table
from perfkit.worlds.bitrix24.telephony import Telephony

LEAD, DEAL, CONTACT, COMPANY = 1, 2, 3, 4
"""entityTypeId of the CRM's own entities."""
SMART_PROCESS = 1030
"""entityTypeId of the portal's one smart process."""
OWNER_TYPES = {LEAD: "L", DEAL: "D", CONTACT: "C", COMPANY: "CO", SMART_PROCESS: f"T{SMART_PROCESS:x}"}
"""Short codes of what product rows belong to (a smart process: T and its number in base 16)."""


class Store(Struct, frozen=True):
    """The tables of one portal. ``entities`` are those of ``crm.item.*``, by their entityTypeId."""

    activities: Table
    categories: Table
    companies: Table
    contacts: Table
    deals: Table
    departments: Table
    entities: dict[int, Table]
    leads: Table
    product_rows: Table
    statuses: Table
    tasks: Table
    users: Table

    def tables(self) -> tuple[Table, ...]:
        """All of them."""
        named = [getattr(self, name) for name in self.__struct_fields__ if name != "entities"]
        others = [table for table in self.entities.values() if all(table is not one for one in named)]
        return (*named, *others)

    def delete(self, entity_type: int, identity: int, stamp: Stamp) -> bool:
        """Delete an entity's row; whether there was one. Its activities and product rows go with it.

        An activity that belongs to something else, too, is left to that.
        """
        if not self.entities[entity_type].delete(identity):
            return False
        owner = (entity_type, identity)
        rows = self.product_rows
        wanted = _equal("OWNER_TYPE", OWNER_TYPES[entity_type]), _equal("OWNER_ID", identity)
        for position in rows.find(wanted, ()):
            rows.delete(rows.ids[position])
        bindings = self.activities.reader("BINDINGS")
        for position in self.activities.find((Condition("BINDINGS", "in", (owner,)),), ()):
            self._unbind(position, [binding for binding in bindings(position) if binding != owner], stamp)
        return True

    def _unbind(self, position: int, others: list[tuple[int, int]], stamp: Stamp) -> None:
        identity = self.activities.ids[position]
        if not others:
            self.activities.delete(identity)
            return
        pairs = [{"OWNER_TYPE_ID": kind, "OWNER_ID": owner} for kind, owner in others]
        self.activities.update(identity, {**pairs[0], "BINDINGS": pairs}, stamp)

    def find_by_code(self, type_id: str, value: str, entity_type: int) -> list[int]:
        """IDs of leads (1), contacts (3) or companies (4) with a telephone number or an e-mail address.

        ``type_id`` is "PHONE" or "EMAIL"; spaces, punctuation and case make no difference.
        """
        table = self.entities[entity_type]
        found = table.having(f"{type_id}_CODE", code(type_id, value))
        return [table.ids[position] for position in found]

    def find_by_phone(self, number: str) -> list[tuple[int, int]]:
        """Entity type and ID of everybody with this telephone number: contacts, companies, leads."""
        if not code("PHONE", number):
            return []
        return [
            (entity_type, identity)
            for entity_type in (CONTACT, COMPANY, LEAD)
            for identity in self.find_by_code("PHONE", number, entity_type)
        ]


def _equal(field: str, value: Any) -> Condition:
    return Condition(field, "in", frozenset([value]))


class Context(Struct, frozen=True):
    """One call of one method, by ``caller``; it runs at ``now_s`` (Unix time on the portal's clock)."""

    store: Store
    config: PortalConfig
    params: Mapping[str, Any]
    caller: Caller
    now_s: float
    telephony: Telephony
    files: Files


Handler = Callable[[Context], Answer]
"""Carries out one call; raises ApiError for an answer that is an error."""
