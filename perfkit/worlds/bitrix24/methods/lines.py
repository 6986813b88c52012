"""Outside lines of an application, and who calls: ``telephony.externalline.*``, ``searchCrmEntities``."""

from __future__ import annotations

from perfkit.worlds.bitrix24.answers import Answer
from perfkit.worlds.bitrix24.methods import calls_in_crm
from perfkit.worlds.bitrix24.methods.store import Context, Handler
from perfkit.worlds.bitrix24.methods.telephony import core_error, needs_application, text_param
from perfkit.worlds.bitrix24.telephony import Line


def _number(call: Context) -> str:
    needs_application(call)
    number = text_param(call, "NUMBER").strip()
    if not number:
        raise core_error("NUMBER should not be empty")
    return number


def _known(call: Context) -> Line:
    number = _number(call)
    line = call.telephony.line(call.caller.credential, number)
    if line is None:
        raise core_error(f"Could not find line with number {number}")
    return line


def _add(call: Context) -> Answer:
    number, owner = _number(call), call.caller.credential
    if call.telephony.line(owner, number) is not None:
        raise core_error("Line already exists")
    creates = text_param(call, "CRM_AUTO_CREATE").upper() != "N"
    line = call.telephony.add_line(owner, number, text_param(call, "NAME"), creates=creates)
    return Answer({"ID": line.identity})


def _update(call: Context) -> Answer:
    line = _known(call)
    if "NAME" in call.params:
        line.name = text_param(call, "NAME")
    if "CRM_AUTO_CREATE" in call.params:
        line.creates = text_param(call, "CRM_AUTO_CREATE").upper() != "N"
    return Answer({"ID": line.identity})


def _delete(call: Context) -> Answer:
    call.telephony.delete_line(call.caller.credential, _known(call).number)
    return Answer([])


def _get(call: Context) -> Answer:
    needs_application(call)
    lines = call.telephony.lines_of(call.caller.credential)
    return Answer(
        [
            {"NUMBER": line.number, "NAME": line.name, "CRM_AUTO_CREATE": "Y" if line.creates else "N"}
            for line in lines
        ],
        rows=len(lines),
    )


def _search(call: Context) -> Answer:
    phone = text_param(call, "PHONE_NUMBER")
    if not phone:
        raise core_error("PHONE_NUMBER is empty")
    return calls_in_crm.search(call, phone)


METHODS: dict[str, Handler] = {
    "telephony.externalcall.searchcrmentities": _search,
    "telephony.externalline.add": _add,
    "telephony.externalline.delete": _delete,
    "telephony.externalline.get": _get,
    "telephony.externalline.update": _update,
}
