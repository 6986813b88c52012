"""What a call means to CRM: whom it belongs to, a lead made for it, the activity it leaves behind."""

from __future__ import annotations

from typing import Any

from perfkit.worlds.bitrix24 import php
from perfkit.worlds.bitrix24.answers import Answer
from perfkit.worlds.bitrix24.fields import Stamp, iso
from perfkit.worlds.bitrix24.methods.store import COMPANY, CONTACT, LEAD, Context
from perfkit.worlds.bitrix24.telephony import ExternalCall, FinishedCall

OUTGOING = 1
ENTITIES = {"CONTACT": CONTACT, "COMPANY": COMPANY, "LEAD": LEAD}
"""What a call can belong to, with its OWNER_TYPE_ID."""

_NAMES = {number: name for name, number in ENTITIES.items()}
CALL_ACTIVITY = 2


def bind(call: Context, known: ExternalCall) -> None:
    """Tie a new call to what it names, to whom CRM knows by its number, or to a lead made for it."""
    kind, identity = call.params.get("CRM_ENTITY_TYPE"), call.params.get("CRM_ENTITY_ID")
    if isinstance(kind, str) and kind in ENTITIES and php.to_int(identity) > 0:
        known.entity_type, known.entity_id = kind, php.to_int(identity)
        return
    found = call.store.find_by_phone(known.phone)
    if found:
        known.entity_type, known.entity_id = _NAMES[found[0][0]], found[0][1]
    elif php.to_text(call.params.get("CRM_CREATE")) == "1" and _may_create(call, known):
        known.entity_type, known.entity_id = "LEAD", _new_lead(call, known)
        known.created_lead = known.entity_id


def _may_create(call: Context, known: ExternalCall) -> bool:
    """Whether the line an outgoing call goes over has nothing against new leads."""
    line = call.telephony.line(call.caller.credential, known.line)
    return known.kind != OUTGOING or line is None or line.creates


def _new_lead(call: Context, known: ExternalCall) -> int:
    values = {
        "TITLE": f"{known.phone} - {'outgoing' if known.kind == OUTGOING else 'incoming'} call",
        "PHONE": [{"VALUE": known.phone, "VALUE_TYPE": "WORK"}],
        "SOURCE_ID": php.to_text(call.params.get("CRM_SOURCE")) or "CALL",
        "ASSIGNED_BY_ID": known.user,
    }
    return call.store.leads.add(values, Stamp(call.now_s, known.user))


def add_activity(call: Context, finished: FinishedCall) -> int | None:
    """The activity of a finished call, if it belongs to anybody; returns its ID.

    Whoever finishes a call is responsible for the lead that was made for it.
    """
    known, by = finished.call, Stamp(call.now_s, finished.user)
    if known.entity_type is None:
        return None
    if known.created_lead is not None and finished.user != known.user:
        call.store.leads.update(known.created_lead, {"ASSIGNED_BY_ID": finished.user}, by)
    values = {
        "OWNER_TYPE_ID": ENTITIES[known.entity_type],
        "OWNER_ID": known.entity_id,
        "TYPE_ID": CALL_ACTIVITY,
        "PROVIDER_ID": "VOXIMPLANT_CALL",
        "PROVIDER_TYPE_ID": "CALL",
        "SUBJECT": f"{'Outgoing' if known.kind == OUTGOING else 'Incoming'} call {known.phone}",
        "COMPLETED": "Y",
        "RESPONSIBLE_ID": finished.user,
        "DIRECTION": 2 if known.kind == OUTGOING else 1,
        "START_TIME": iso(known.started_s),
        "END_TIME": iso(known.started_s + finished.duration_s),
        "ORIGIN_ID": f"VI_{known.call_id}",
    }
    return call.store.activities.add(values, by)


def search(call: Context, phone: str) -> Answer:
    """Everybody CRM knows by a telephone number, with the user responsible."""
    found = call.store.find_by_phone(phone)
    return Answer([_found(call, kind, identity) for kind, identity in found], rows=len(found))


def _found(call: Context, kind: int, identity: int) -> dict[str, Any]:
    table = call.store.entities[kind]
    position = table.lookup(identity)
    assert position is not None  # noqa: S101 - it was found a moment ago
    names = ("NAME", "LAST_NAME") if kind == CONTACT else ("TITLE",)
    user = table.reader("ASSIGNED_BY_ID")(position)
    return {
        "CRM_ENTITY_TYPE": _NAMES[kind],
        "CRM_ENTITY_ID": identity,
        "ASSIGNED_BY_ID": user,
        "NAME": " ".join(filter(None, (table.reader(name)(position) for name in names))),
        "ASSIGNED_BY": {
            "ID": str(user),
            "TIMEMAN_STATUS": "OPENED",
            "USER_PHONE_INNER": str(user),
            "WORK_PHONE": None,
            "PERSONAL_PHONE": None,
            "PERSONAL_MOBILE": None,
        },
    }
