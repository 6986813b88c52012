"""Users: ``user.get`` with an engine of its own, and ``profile``."""

from __future__ import annotations

from perfkit.worlds.bitrix24 import php
from perfkit.worlds.bitrix24.answers import Answer
from perfkit.worlds.bitrix24.config import WEBHOOK_USER
from perfkit.worlds.bitrix24.data import FIRST_DAY_S, OTHER_MANAGERS
from perfkit.worlds.bitrix24.fields import BOOLEAN, DATETIME, INTEGER, NUMBERS, TEXT, Field
from perfkit.worlds.bitrix24.filters import parse_filter, split_key
from perfkit.worlds.bitrix24.lists import array_param, page_answer
from perfkit.worlds.bitrix24.methods.store import Context, Handler
from perfkit.worlds.bitrix24.tables import Table

_FORMER_USERS = OTHER_MANAGERS[-2:]


def table(users: tuple[int, ...]) -> Table:
    """The users as the portal's API shows them. Their names are labels: nobody is meant."""
    fields = [
        Field("ID", INTEGER, users.__getitem__, indexed=True),
        Field("ACTIVE", BOOLEAN, lambda p: users[p] not in _FORMER_USERS),
        Field("NAME", TEXT, lambda p: "manager" if users[p] != WEBHOOK_USER else "administrator"),
        Field("LAST_NAME", TEXT, lambda p: str(users[p])),
        Field("WORK_POSITION", TEXT, lambda p: "sales" if users[p] != WEBHOOK_USER else None),
        Field("UF_DEPARTMENT", NUMBERS, lambda p: (1 + users[p] % 3,), filterable=False),
        Field("USER_TYPE", TEXT, lambda p: "employee"),
        Field("DATE_REGISTER", DATETIME, lambda p: FIRST_DAY_S),
    ]
    return Table(fields, len(users))


def _get(call: Context) -> Answer:
    """``start`` is an offset, ``sort`` names a field, ``order`` a direction; parameters may be conditions."""
    users, params = call.store.users, call.params
    wanted = array_param(params, "filter")
    if wanted is None:
        wanted = {key: value for key, value in params.items() if split_key(key)[1] in users.fields}
    conditions, dropped = parse_filter(wanted, users)
    rows = users.find(conditions, ((_sort(call), php.to_text(params.get("order")).upper() == "DESC"),))
    start = max(0, php.to_int(params.get("start")))
    return page_answer(users, rows, start, None, dropped)


def _sort(call: Context) -> str:
    name = php.to_text(call.params.get("sort")).upper()
    return name if name in call.store.users.fields else "ID"


def _profile(call: Context) -> Answer:
    position = call.store.users.lookup(WEBHOOK_USER)
    assert position is not None  # noqa: S101 - the data always hold the webhook's user
    user = call.store.users.render([position], ["ID", "NAME", "LAST_NAME"])[0]
    return Answer({**user, "ADMIN": True, "PERSONAL_GENDER": "", "TIME_ZONE": ""}, rows=1)


METHODS: dict[str, Handler] = {"profile": _profile, "user.get": _get}
