"""What is added to a finished call, and the statistics of all: records, transcriptions, ``voximplant.*``."""

from __future__ import annotations

import binascii
from collections.abc import Callable
from typing import Any

from perfkit.worlds.bitrix24 import php
from perfkit.worlds.bitrix24.answers import Answer
from perfkit.worlds.bitrix24.fields import DATETIME, INTEGER, TEXT, Field, Kind
from perfkit.worlds.bitrix24.filters import parse_filter
from perfkit.worlds.bitrix24.lists import array_param, dropped_notes, select, slice_answer, start_of
from perfkit.worlds.bitrix24.methods.store import Context, Handler
from perfkit.worlds.bitrix24.methods.telephony import APP_ID, APP_NAME, core_error, text_param
from perfkit.worlds.bitrix24.tables import Table
from perfkit.worlds.bitrix24.telephony import FinishedCall, Telephony

ENDINGS = (".wav", ".mp3")
SIDES = ("Client", "User")


def _ended(call: Context, missing: str) -> FinishedCall:
    found = call.telephony.ended(text_param(call, "CALL_ID"))
    if found is None:
        raise core_error(missing)
    return found


def _attach_record(call: Context) -> Answer:
    """A record by its URL (never fetched) or content; a name alone gives an address to send it to."""
    url, content = text_param(call, "RECORD_URL"), call.params.get("FILE_CONTENT")
    if not url and "FILENAME" not in call.params:
        raise core_error(
            "Required parameters are not set. Request should contain either URL or FILENAME parameter"
        )
    found = _ended(call, "Call is not found in the statistic table. It looks like it is not finished yet.")
    name = text_param(call, "FILENAME") or url.partition("?")[0].rpartition("/")[2]
    if not name:
        raise core_error("File name is empty")
    if not name.lower().endswith(ENDINGS):
        raise core_error("Wrong file extension. Only wav and mp3 are allowed")
    if not url and content is None:
        return Answer(
            {"uploadUrl": f"/rest/upload.json?token=telephony%7C{found.number}", "fieldName": "file"}
        )
    size_bytes = 0 if url else _size_of(php.to_text(content))
    found.record_url = url or None
    found.record_file = call.files.add(name, size_bytes, call.caller.user, call.now_s)
    return Answer({"FILE_ID": found.record_file})


def _size_of(content: str) -> int:
    if not content:
        raise core_error("File content is empty.")
    try:
        return len(binascii.a2b_base64(content.encode(), strict_mode=True))
    except ValueError:
        raise core_error("File content is not properly encoded. Base64 encoding is expected.") from None


def _attach_transcription(call: Context) -> Answer:
    call_id, messages = text_param(call, "CALL_ID"), call.params.get("MESSAGES")
    if not call_id:
        raise core_error("CALL_ID should be set")
    if not php.is_array(messages):
        raise core_error("MESSAGES should be an array")
    for number, message in php.items(messages):
        _check_message(number, dict(php.items(message)))
    found = _ended(call, f"Call {call_id} is not found. Is it finished?")
    call.telephony.transcripts += 1
    found.transcript = call.telephony.transcripts
    return Answer({"TRANSCRIPT_ID": found.transcript})


def _check_message(number: str, message: dict[str, Any]) -> None:
    where = f"MESSAGES[{number}]"
    if message.get("SIDE") not in SIDES:
        raise core_error(f"{where}[SIDE] should be either Client or User")
    if php.to_int(message.get("START_TIME")) < 0:
        raise core_error(f"{where}[START_TIME] should be greater or equal to zero")
    if php.to_int(message.get("STOP_TIME")) <= 0:
        raise core_error(f"{where}[STOP_TIME] should be greater than zero")
    if not php.to_text(message.get("MESSAGE")):
        raise core_error(f"{where}[MESSAGE] is empty")


MONEY = Kind("double", php.to_float, lambda value: f"{value:.4f}")

_COLUMNS: dict[str, tuple[Kind, Callable[[FinishedCall], Any]]] = {
    "ID": (INTEGER, lambda row: row.number),
    "PORTAL_USER_ID": (INTEGER, lambda row: row.user),
    "PORTAL_NUMBER": (TEXT, lambda row: row.call.line),
    "PHONE_NUMBER": (TEXT, lambda row: row.call.phone),
    "CALL_ID": (TEXT, lambda row: row.call.call_id),
    "EXTERNAL_CALL_ID": (TEXT, lambda row: row.call.external_id or None),
    "CALL_CATEGORY": (TEXT, lambda row: "external"),
    "CALL_LOG": (TEXT, lambda row: None),
    "CALL_DURATION": (INTEGER, lambda row: row.duration_s),
    "CALL_START_DATE": (DATETIME, lambda row: row.call.started_s),
    "CALL_RECORD_URL": (TEXT, lambda row: row.record_url),
    "CALL_VOTE": (INTEGER, lambda row: row.vote),
    "COST": (MONEY, lambda row: row.cost),
    "COST_CURRENCY": (TEXT, lambda row: row.currency),
    "CALL_FAILED_CODE": (TEXT, lambda row: row.code),
    "CALL_FAILED_REASON": (TEXT, lambda row: row.reason),
    "CRM_ENTITY_TYPE": (TEXT, lambda row: row.call.entity_type),
    "CRM_ENTITY_ID": (INTEGER, lambda row: row.call.entity_id),
    "CRM_ACTIVITY_ID": (INTEGER, lambda row: row.activity),
    "REST_APP_ID": (TEXT, lambda row: APP_ID),
    "REST_APP_NAME": (TEXT, lambda row: APP_NAME),
    "TRANSCRIPT_ID": (INTEGER, lambda row: row.transcript),
    "TRANSCRIPT_PENDING": (TEXT, lambda row: "N"),
    "SESSION_ID": (INTEGER, lambda row: None),
    "REDIAL_ATTEMPT": (INTEGER, lambda row: None),
    "COMMENT": (TEXT, lambda row: None),
    "RECORD_DURATION": (INTEGER, lambda row: None),
    "RECORD_FILE_ID": (INTEGER, lambda row: row.record_file),
    "CALL_TYPE": (INTEGER, lambda row: row.call.kind),
}


def _column(rows: list[FinishedCall], read: Callable[[FinishedCall], Any]) -> Callable[[int], Any]:
    return lambda position: read(rows[position])


def _table(telephony: Telephony) -> Table:
    """The statistics as they are now: made for one answer, since finished calls are written far oftener."""
    rows = telephony.finished
    fields = [Field(name, kind, _column(rows, read)) for name, (kind, read) in _COLUMNS.items()]
    return Table(fields, len(rows))


def _statistic(call: Context) -> Answer:
    """FILTER as the classic lists have it, SORT one field, ORDER its direction; ``start`` is an offset."""
    table = _table(call.telephony)
    conditions, dropped = parse_filter(array_param(call.params, "filter"), table.fields)
    sort = text_param(call, "SORT").upper()
    descends = text_param(call, "ORDER").upper() == "DESC"
    rows = table.find(conditions, ((sort if sort in table.fields else "ID", descends),))
    answer = slice_answer(table, select(table, ["*"])[0], rows, max(0, start_of(call.params)))
    answer.dropped, answer.notes = dropped, dropped_notes(dropped)
    return answer


METHODS: dict[str, Handler] = {
    "telephony.call.attachtranscription": _attach_transcription,
    "telephony.externalcall.attachrecord": _attach_record,
    "voximplant.statistic.get": _statistic,
}
