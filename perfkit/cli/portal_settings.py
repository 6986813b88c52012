"""``--set NAME=VALUE`` of ``perfkit serve bitrix24``: limits, and what sources on portals disagree about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

import click

from perfkit.errors import UnknownNameError

if TYPE_CHECKING:
    SettingType = click.ParamType[Any]
else:
    SettingType = click.ParamType

SETTABLE = (
    "bad_token_status",
    "blocked_calls_count",
    "burst",
    "https_required",
    "operating_limit_s",
    "past_end",
    "per_second",
    "request_cap_s",
    "sigma",
    "telephony_webhooks",
    "whole_seconds",
)
"""Attributes of PortalConfig that no other option sets."""


class PortalSetting(SettingType):
    """``past_end=empty``: an attribute of PortalConfig and its value."""

    name = "NAME=VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The name with the value as PortalConfig takes it; whether that makes sense is told there."""
        if not isinstance(value, str):
            return value
        name, _, text = value.partition("=")
        if name not in SETTABLE:
            return self.fail(str(UnknownNameError("setting of the portal", name, SETTABLE)), param, ctx)
        import msgspec

        try:
            return name, msgspec.convert("null" if text == "none" else text, _kind(name), strict=False)
        except msgspec.ValidationError as error:
            return self.fail(f"{value!r}: {error}", param, ctx)


def _kind(name: str) -> Any:
    """The type of a setting; of a choice that of its values: PortalConfig tells better what there is."""
    from perfkit.worlds.bitrix24.config import PortalConfig

    kind = get_type_hints(PortalConfig)[name]
    return type(get_args(kind)[0]) if get_origin(kind) is Literal else kind
