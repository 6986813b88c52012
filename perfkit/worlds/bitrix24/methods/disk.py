"""Files: ``disk.file.get`` and what its fields are."""

from __future__ import annotations

from typing import Any

from perfkit.worlds.bitrix24 import php
from perfkit.worlds.bitrix24.answers import Answer, ApiError
from perfkit.worlds.bitrix24.fields import iso
from perfkit.worlds.bitrix24.files import File
from perfkit.worlds.bitrix24.methods.store import Context, Handler

STORAGE, FOLDER, FIRST_CONTENT = 1357, 8996, 32_000

_TYPES = {
    "ID": "integer",
    "NAME": "string",
    "TYPE": "enum",
    "CODE": "string",
    "STORAGE_ID": "integer",
    "PARENT_ID": "integer",
    "CREATE_TIME": "datetime",
    "UPDATE_TIME": "datetime",
    "DELETE_TIME": "datetime",
    "CREATED_BY": "integer",
    "UPDATED_BY": "integer",
    "DELETED_BY": "integer",
    "GLOBAL_CONTENT_VERSION": "integer",
    "FILE_ID": "integer",
    "SIZE": "integer",
    "DELETED_TYPE": "enum",
}
_NOT_IN_FILTERS = {"CREATED_BY", "UPDATED_BY", "DELETED_BY", "GLOBAL_CONTENT_VERSION", "FILE_ID", "SIZE"}


def _get(call: Context) -> Answer:
    wanted = next((value for key, value in call.params.items() if key.lower() == "id"), None)
    number = 0 if php.is_array(wanted) else php.to_int(wanted)
    if number <= 0:
        raise ApiError(400, "ERROR_ARGUMENT", "Invalid value of parameter {Parameter #0}")
    file = call.files.get(number)
    if file is None:
        raise ApiError(400, "ERROR_NOT_FOUND", f"Could not find entity with id `{number}`")
    if not file.readable:
        raise ApiError(400, "ACCESS_DENIED", "Access denied")
    return Answer(_row(file), rows=1)


def _row(file: File) -> dict[str, Any]:
    created, owner = iso(file.created_s), str(file.user)
    return {
        "ID": str(file.number),
        "NAME": file.name,
        "CODE": None,
        "STORAGE_ID": str(STORAGE),
        "TYPE": "file",
        "PARENT_ID": str(FOLDER),
        "DELETED_TYPE": "0",
        "GLOBAL_CONTENT_VERSION": "1",
        "FILE_ID": str(FIRST_CONTENT + file.number),
        "SIZE": str(file.size_bytes),
        "CREATE_TIME": created,
        "UPDATE_TIME": created,
        "DELETE_TIME": None,
        "CREATED_BY": owner,
        "UPDATED_BY": owner,
        "DELETED_BY": "0",
        "DOWNLOAD_URL": f"/rest/download.json?token=disk%7C{file.number}",
        "DETAIL_URL": f"/company/personal/user/{owner}/disk/file/{file.number}",
    }


def _fields(_call: Context) -> Answer:
    return Answer(
        {
            name: {"TYPE": kind, "USE_IN_FILTER": name not in _NOT_IN_FILTERS, "USE_IN_SHOW": True}
            for name, kind in _TYPES.items()
        }
    )


METHODS: dict[str, Handler] = {"disk.file.get": _get, "disk.file.getfields": _fields}
