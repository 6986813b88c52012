"""The portal about itself: ``methods``, ``scope``, ``server.time``, ``app.info``, ``method.get``."""

from __future__ import annotations

from perfkit.worlds.bitrix24 import auth, php
from perfkit.worlds.bitrix24.answers import Answer, ApiError
from perfkit.worlds.bitrix24.fields import iso
from perfkit.worlds.bitrix24.methods.store import Context, Handler


def _scope(call: Context) -> Answer:
    """The caller's permissions; with ``full``, all there are."""
    full = php.to_text(call.params.get("full")) not in ("", "0", "false")
    return Answer(sorted(auth.SCOPES if full else call.caller.scopes))


def _time(call: Context) -> Answer:
    return Answer(iso(int(call.now_s)))


def _app_info(call: Context) -> Answer:
    """The application that calls: only one with an access token is any."""
    if call.caller.kind != "oauth":
        raise ApiError(*auth.WRONG_AUTH_TYPE)
    return Answer(
        {
            "ID": 1,
            "CODE": "perfkit.demo",
            "VERSION": 1,
            "STATUS": "L",
            "INSTALLED": True,
            "PAYMENT_EXPIRED": "N",
            "DAYS": None,
            "LANGUAGE_ID": "en",
            "LICENSE": "en_std",
            "LICENSE_TYPE": "std",
            "LICENSE_FAMILY": "std",
            "SCOPE": sorted(call.caller.scopes),
        }
    )


METHODS: dict[str, Handler] = {
    "app.info": _app_info,
    "scope": _scope,
    "server.time": _time,
}
