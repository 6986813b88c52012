"""Calls of an outside telephone exchange, from the first ring to the last: ``telephony.externalcall.*``.

The internal number of a user (USER_PHONE_INNER) is the user's ID here.
"""

from __future__ import annotations

import re
from typing import Any

from perfkit.worlds.bitrix24 import php
from perfkit.worlds.bitrix24.answers import Answer, ApiError
from perfkit.worlds.bitrix24.auth import WRONG_AUTH_TYPE
from perfkit.worlds.bitrix24.fields import parse_date
from perfkit.worlds.bitrix24.methods import calls_in_crm
from perfkit.worlds.bitrix24.methods.store import Context, Handler
from perfkit.worlds.bitrix24.telephony import ExternalCall, FinishedCall

APP_ID, APP_NAME = "1", "perfkit"
KINDS = ("1", "2", "3", "4", "5")
"""Outgoing, incoming, redirected, callback, informational."""

_PHONE = re.compile(r"\+?[0-9]{2,20}")
_NOT_IN_A_NUMBER = re.compile(r"[^0-9+]")
MISSED, ANSWERED = "304", "200"


def core_error(description: str) -> ApiError:
    """How the telephony methods refuse parameters."""
    return ApiError(400, "ERROR_CORE", description)


def text_param(call: Context, name: str) -> str:
    """A parameter as text; an array counts for nothing."""
    value = call.params.get(name)
    if isinstance(value, str):
        return value
    return "" if value is None or php.is_array(value) else php.to_text(value)


def needs_application(call: Context) -> None:
    """Refuse webhooks, unless the portal is set to let them in. Raises ApiError."""
    if call.caller.kind != "oauth" and not call.config.telephony_webhooks:
        raise ApiError(*WRONG_AUTH_TYPE)


def _user(call: Context) -> int:
    """The user of a call, by ID or internal number. Raises ApiError."""
    said = text_param(call, "USER_ID") or text_param(call, "USER_PHONE_INNER")
    if not said:
        raise core_error("USER_ID or USER_PHONE_INNER should be set")
    users = call.store.users
    user = php.to_int(said)
    position = users.lookup(user)
    if position is None or not users.reader("ACTIVE")(position):
        raise core_error("User is not found or is not active")
    return user


def _phone(text: str) -> str:
    number = text if _PHONE.fullmatch(text) else _NOT_IN_A_NUMBER.sub("", text)
    if not _PHONE.fullmatch(number):
        raise core_error("Unsupported phone number format")
    return number


def _register(call: Context) -> Answer:
    needs_application(call)
    user, kind = _user(call), text_param(call, "TYPE")
    if kind not in KINDS:
        raise core_error("Unknown TYPE")
    began = text_param(call, "CALL_START_DATE")
    started_s = parse_date(began) if began else int(call.now_s)
    if started_s is None:
        raise core_error("CALL_START_DATE should be in the ISO-8601 format")
    phone, line = _phone(text_param(call, "PHONE_NUMBER")), text_param(call, "LINE_NUMBER")
    external_id = text_param(call, "EXTERNAL_CALL_ID")
    key = (call.caller.credential, phone, kind, str(user), line, external_id)
    known = call.telephony.repeated(key, call.now_s)
    if known is None:
        call_id = call.telephony.new_call_id(call.now_s)
        known = ExternalCall(call_id, key, call.now_s, user, phone, int(kind), line, external_id, started_s)
        calls_in_crm.bind(call, known)
        call.telephony.register(known)
    if call.params.get("SHOW") is None or php.to_text(call.params["SHOW"]) not in ("", "0"):
        _show_to(known, [user])
    return Answer(_registered(known))


def _registered(known: ExternalCall) -> dict[str, Any]:
    lead = known.created_lead
    return {
        "CALL_ID": known.call_id,
        "CRM_CREATED_LEAD": lead,
        "CRM_CREATED_ENTITIES": [] if lead is None else [{"ENTITY_TYPE": "LEAD", "ENTITY_ID": lead}],
        "CRM_ENTITY_TYPE": known.entity_type,
        "CRM_ENTITY_ID": known.entity_id,
    }


def _show_to(known: ExternalCall, users: list[int]) -> None:
    known.shown_to += [user for user in users if user not in known.shown_to]


def _users_param(call: Context) -> list[int]:
    """USER_ID: one user, or an array of them."""
    said = call.params.get("USER_ID")
    wanted = php.values(said) if php.is_array(said) else [said]
    return [user for user in map(php.to_int, wanted) if user > 0]


def _show(call: Context) -> Answer:
    known = call.telephony.going_on(text_param(call, "CALL_ID"))
    if known is None:
        return Answer(result=False)
    _show_to(known, _users_param(call) or [known.user])
    return Answer(result=True)


def _hide(call: Context) -> Answer:
    known = call.telephony.going_on(text_param(call, "CALL_ID"))
    if known is None:
        return Answer(result=False)
    hidden = _users_param(call) or known.shown_to
    known.shown_to = [user for user in known.shown_to if user not in hidden]
    return Answer(result=True)


def _finish(call: Context) -> Answer:
    needs_application(call)
    if not isinstance(call.params.get("CALL_ID"), str):
        raise ApiError(400, "INVALID_ARGUMENT", "CALL_ID must be a string")
    user = _user(call)
    known = call.telephony.going_on(call.params["CALL_ID"])
    if known is None:
        raise core_error("Call is not found (call should be registered prior to finishing)")
    duration_s = max(0, php.to_int(text_param(call, "DURATION")))
    vote = php.to_int(text_param(call, "VOTE"))
    finished = FinishedCall(
        number=len(call.telephony.finished) + 1,
        call=known,
        user=user,
        duration_s=duration_s,
        code=text_param(call, "STATUS_CODE") or (ANSWERED if duration_s else MISSED),
        reason=text_param(call, "FAILED_REASON"),
        vote=vote if 1 <= vote <= 5 else None,
        cost=php.to_float(text_param(call, "COST")),
        currency=text_param(call, "COST_CURRENCY"),
        record_url=text_param(call, "RECORD_URL") or None,
    )
    finished.activity = calls_in_crm.add_activity(call, finished)
    call.telephony.finish(finished)
    return Answer(_finished(finished))


def _finished(finished: FinishedCall) -> dict[str, Any]:
    """The answer's row. Its start is an object without members: that is how the documented sample has it."""
    known = finished.call
    return {
        "CALL_ID": known.call_id,
        "EXTERNAL_CALL_ID": known.external_id or None,
        "PORTAL_USER_ID": finished.user,
        "PHONE_NUMBER": known.phone,
        "PORTAL_NUMBER": known.line,
        "INCOMING": str(known.kind),
        "CALL_DURATION": finished.duration_s,
        "CALL_START_DATE": {},
        "CALL_STATUS": int(finished.code == ANSWERED),
        "CALL_VOTE": finished.vote,
        "COST": finished.cost,
        "COST_CURRENCY": finished.currency,
        "CALL_FAILED_CODE": finished.code,
        "CALL_FAILED_REASON": finished.reason,
        "REST_APP_ID": APP_ID,
        "REST_APP_NAME": APP_NAME,
        "CRM_ACTIVITY_ID": finished.activity,
        "COMMENT": None,
        "CRM_ENTITY_TYPE": known.entity_type,
        "CRM_ENTITY_ID": known.entity_id,
        "ID": finished.number,
    }


METHODS: dict[str, Handler] = {
    "telephony.externalcall.finish": _finish,
    "telephony.externalcall.hide": _hide,
    "telephony.externalcall.register": _register,
    "telephony.externalcall.show": _show,
}
