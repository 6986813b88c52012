"""Single values of trace files, read with lenience: whatever an exporter wrote, or nothing.

OTLP's JSON is protobuf's: 64-bit integers are texts or numbers, enumerations numbers or names, keys in
camelCase or snake_case, identifiers hexadecimal (as the specification says) or base64 (as protobuf does).
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

MAX_TEXT = 64 * 1024
"""Longer texts are cut."""

MAX_ATTRIBUTES = 256
"""More of one span are not looked at. OpenTelemetry's own limit is 128."""

MAX_DEPTH = 8
MAX_NS = 2**62
"""Later moments, and longer durations, are no times: it is the year 2116 in nanoseconds."""

_STATEMENTS = ("db.statement", "db.query.text")
_HEX = re.compile(r"(?:0x)?([0-9a-fA-F]{1,32})")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={1,2}")
_SHOWN = re.compile(r"[\w.:-]{1,64}", re.ASCII)
_DIGITS = re.compile(r"-?[0-9]{1,25}")

_KINDS = ("INTERNAL", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
"""By their number in OTLP. What is not specified counts as internal, as the specification says."""


def entry(record: Mapping[str, Any], *names: str) -> Any:
    """The value under the first of ``names`` that is there; None without any."""
    for name in names:
        found = record.get(name)
        if found is not None:
            return found
    return None


def text(value: object) -> str:
    """A text, cut where it is too long; "" for anything else."""
    return value[:MAX_TEXT] if isinstance(value, str) else ""


def nanoseconds(value: object, unit_ns: int = 1) -> int | None:
    """A moment or duration in units of ``unit_ns``; None if it is none.

    >>> nanoseconds("1544712660000000000"), nanoseconds(1.5, 1000), nanoseconds(float("nan"))
    (1544712660000000000, 1500, None)
    """
    number = _as_number(value)
    if number is None or not abs(number) < MAX_NS:
        return None
    scaled = round(number * unit_ns)
    return scaled if abs(scaled) < MAX_NS else None


def _as_number(value: object) -> int | float | None:
    if isinstance(value, str):
        if _DIGITS.fullmatch(value):
            return int(value)
        try:
            return float(value) if len(value) < 40 else None
        except ValueError:
            return None
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def identifier(value: object) -> str:
    """A trace's or span's id in lower case, without what exporters put around it; "" for none.

    >>> identifier("0xABCD"), identifier("AAAAAAAAAAAAAAAAAAAAAQ=="), identifier("00000000"), identifier(None)
    ('abcd', '00000000000000000000000000000001', '', '')
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = f"{value:x}" if 0 < value < 2**128 else ""
    if not isinstance(value, str) or not value:
        return ""
    hexadecimal = _HEX.fullmatch(value)
    if hexadecimal:
        found = hexadecimal[1].lower()
    elif len(value) in (12, 24) and _BASE64.fullmatch(value):
        found = _from_base64(value)
    else:
        # anything else tells spans apart as well, and is shown only if it is tame
        found = (
            value
            if _SHOWN.fullmatch(value)
            else blake2b(value.encode("utf-8", "replace"), digest_size=8).hexdigest()
        )
    return found if found.strip("0") else ""


def _from_base64(value: str) -> str:
    try:
        return base64.urlsafe_b64decode(value.replace("+", "-").replace("/", "_")).hex()
    except (binascii.Error, ValueError):
        return value


def number_of(span_id: str) -> int:
    """A span's id as a number of 63 bits; 0 for none."""
    if not span_id:
        return 0
    if len(span_id) <= 15 or (len(span_id) == 16 and span_id < "8"):
        try:
            return int(span_id, 16)
        except ValueError:
            pass
    return int.from_bytes(blake2b(span_id.encode(), digest_size=8).digest()) >> 1 or 1


def kind_of(value: object) -> str:
    """The name of a span's kind, as SpanKind has it.

    >>> kind_of(3), kind_of("SPAN_KIND_SERVER"), kind_of("client"), kind_of(None)
    ('CLIENT', 'SERVER', 'CLIENT', 'INTERNAL')
    """
    if isinstance(value, str):
        name = value[:40].upper().removeprefix("SPAN_KIND_")
        return name if name in _KINDS else "INTERNAL"
    return _KINDS[value] if type(value) is int and 0 <= value < len(_KINDS) else "INTERNAL"


def attributes(found: object) -> dict[str, Any]:
    """OTLP's list of keys and values as a dict. Some exporters write an object, with values as they are."""
    if isinstance(found, dict):
        pairs = [(key, value) for key, value in list(found.items())[:MAX_ATTRIBUTES]]
    elif isinstance(found, list):
        pairs = [
            (one.get("key"), one.get("value")) for one in found[:MAX_ATTRIBUTES] if isinstance(one, dict)
        ]
    else:
        return {}
    read = ((key, any_value(value)) for key, value in pairs if isinstance(key, str))
    return {key: _cut(key, value) for key, value in read if value is not None}


def _cut(key: str, value: Any) -> Any:
    """Statements stay whole: what they are shows at their end, too."""
    return value[:MAX_TEXT] if isinstance(value, str) and key not in _STATEMENTS else value


def any_value(value: object, depth: int = 0) -> Any:
    """An AnyValue, or a value as it is; None for what is neither.

    >>> any_value({"intValue": "5"}), any_value({"arrayValue": {"values": [{"stringValue": "a"}]}})
    (5, ['a'])
    """
    if isinstance(value, dict):
        return _unwrapped(value, depth) if depth < MAX_DEPTH else None
    if isinstance(value, str):
        return value
    if isinstance(value, list) and depth < MAX_DEPTH:
        return _listed(value, depth)
    if isinstance(value, bool):
        return value
    return _whole(value) if isinstance(value, int) else _fraction(value)


def _unwrapped(value: dict[Any, Any], depth: int) -> Any:
    for key, inner in value.items():
        match key:
            case "stringValue" | "string_value":
                return inner if isinstance(inner, str) else None
            case "intValue" | "int_value":
                return _whole(inner)
            case "doubleValue" | "double_value":
                return _fraction(inner)
            case "boolValue" | "bool_value":
                return inner if isinstance(inner, bool) else None
            case "arrayValue" | "array_value":
                return _listed(inner.get("values") if isinstance(inner, dict) else inner, depth)
            case "kvlistValue" | "kvlist_value":
                return _dict(inner.get("values") if isinstance(inner, dict) else inner, depth)
    return None


def _listed(values: object, depth: int) -> list[Any] | None:
    if not isinstance(values, list):
        return None
    return [any_value(item, depth + 1) for item in values[:MAX_ATTRIBUTES]]


def _dict(values: object, depth: int) -> dict[str, Any] | None:
    if not isinstance(values, list):
        return None
    return {
        item["key"]: any_value(item.get("value"), depth + 1)
        for item in values[:MAX_ATTRIBUTES]
        if isinstance(item, dict) and isinstance(item.get("key"), str)
    }


def _whole(value: object) -> int | None:
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if type(value) is int and abs(value) < 2**63 else None


def _fraction(value: object) -> float | None:
    """A finite number: infinities and what is no number say nothing."""
    number = _as_number(value)
    if number is None or isinstance(number, bool):
        return None
    try:
        found = float(number)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None
