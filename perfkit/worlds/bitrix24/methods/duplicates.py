"""Who has this telephone number or e-mail address: ``crm.duplicate.findbycomm``."""

from __future__ import annotations

from perfkit.worlds.bitrix24 import php
from perfkit.worlds.bitrix24.answers import Answer, ApiError
from perfkit.worlds.bitrix24.methods.store import COMPANY, CONTACT, LEAD, Context, Handler

MAX_VALUES = 20
"""Values that are looked for at most; the rest is ignored (documented)."""
_ENTITIES = {"LEAD": LEAD, "CONTACT": CONTACT, "COMPANY": COMPANY}


def _find(call: Context) -> Answer:
    params = {key.lower(): value for key, value in call.params.items()}
    type_id = php.to_text(params.get("type")).upper()
    if not type_id:
        raise ApiError(400, "Communication type is not defined", "Parameter 'type' is required.")
    if type_id not in ("PHONE", "EMAIL"):
        text = f"Communication type '{type_id}' is not supported in current context"
        raise ApiError(400, text, text)
    values = [text for text in map(php.to_text, php.values(params.get("values"))) if text]
    if not values:
        raise ApiError(400, "Communication values is not defined", "Parameter 'values' is required.")
    wanted = php.to_text(params.get("entity_type")).upper()
    found = {
        name: _ids(call, type_id, values[:MAX_VALUES], number)
        for name, number in _ENTITIES.items()
        if wanted in ("", name)
    }
    found = {name: ids for name, ids in found.items() if ids}
    return Answer(php.as_json(found), rows=sum(map(len, found.values())))


def _ids(call: Context, type_id: str, values: list[str], entity_type: int) -> list[int]:
    ids = [one for value in values for one in call.store.find_by_code(type_id, value, entity_type)]
    return sorted(set(ids))


METHODS: dict[str, Handler] = {"crm.duplicate.findbycomm": _find}
