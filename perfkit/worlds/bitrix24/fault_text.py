"""Fault rules as text, for command lines and the admin API: ``503:crm.lead.list,p=0.1,count=5``."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import msgspec

from perfkit.errors import UnknownNameError, UsageError
from perfkit.worlds.bitrix24.faults import FOREVER, Fault

FORM = "EFFECT[:METHOD][,p=SHARE][,count=N][,after=N][,from=T][,until=T][,command=NAME][,factor=X][,time=T]"

_UNITS = (("ms", 1e-3), ("us", 1e-6), ("min", 60.0), ("s", 1.0), ("h", 3600.0))


def parse_fault(text: str) -> Fault:
    """The fault that a text describes. Raises UsageError for one that cannot be read, or makes no sense.

    ``METHOD`` and ``NAME`` may be patterns; ``p`` may be written ``share``; ``T`` is a time such as 10s,
    200ms or 5min; ``time`` is what a slow request takes more.

    >>> parse_fault("503:crm.lead.*,p=0.1,count=5") == Fault("503", "crm.lead.*", 0.1, count=5)
    True
    """
    head, *settings = (part.strip() for part in text.split(","))
    effect, _, method = head.partition(":")
    options: dict[str, Any] = {"method": method} if method else {}
    from_s, until_s = FOREVER
    for setting in settings:
        name, _, value = setting.partition("=")
        if name not in _READERS:
            raise UnknownNameError("setting of a fault", name, _READERS)
        option, read = _READERS[name]
        try:
            options[option] = read(value)
        except ValueError:
            raise UsageError(f"{setting!r}: {value!r} is none; write {_EXAMPLES[read]}") from None
    window = (options.pop("from_s", from_s), options.pop("until_s", until_s))
    return Fault(effect, window=window, **options)


def fault_of(given: object) -> Fault:
    """A fault from JSON: its text, or an object with the attributes of Fault."""
    if isinstance(given, str):
        return parse_fault(given)
    if not isinstance(given, dict):
        raise UsageError(f"{given!r} is no fault; write a text such as '503:crm.lead.*,p=0.1', or an object")
    known = [each.name for each in fields(Fault)]
    options = {str(name): value for name, value in given.items() if name != "hits"}
    for name in options:
        if name not in known:
            raise UnknownNameError("attribute of a fault", name, known)
    if "window" in options:
        options["window"] = _window(options["window"])
    try:
        return msgspec.convert(options, Fault)
    except msgspec.ValidationError as error:
        raise UsageError(f"{given!r} is no fault: {error}") from None


def _window(given: Any) -> tuple[float, float]:
    if not isinstance(given, list) or len(given) != 2:
        raise UsageError(f"window={given!r}: give two times in seconds, such as [0, 60]")
    from_s, until_s = given
    return (from_s, math.inf if until_s is None else until_s)


def _seconds(text: str) -> float:
    for unit, factor in _UNITS:
        if text.endswith(unit):
            number = float(text.removesuffix(unit))
            if 0 <= number < math.inf:
                return number * factor
    raise ValueError(text)


def _nanoseconds(text: str) -> int:
    return round(_seconds(text) * 1e9)


_EXAMPLES: dict[Callable[[str], Any], str] = {
    float: "a number such as 0.1",
    int: "a whole number",
    _seconds: "a time such as 10s, 200ms or 5min",
    _nanoseconds: "a time such as 200ms or 2s",
    str: "a name",
}
_READERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "p": ("probability", float),
    "share": ("probability", float),
    "count": ("count", int),
    "after": ("after", int),
    "from": ("from_s", _seconds),
    "until": ("until_s", _seconds),
    "command": ("command", str),
    "factor": ("factor", float),
    "time": ("extra_ns", _nanoseconds),
}
