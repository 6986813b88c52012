"""Fields of an entity: their kinds, how a filter's value is read for each, and how a row shows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from perfkit.worlds.bitrix24 import php

PORTAL_ZONE = timezone(timedelta(hours=3))
"""Time zone of the portal: dates without a zone are read in it, and all are shown in it."""


@dataclass(frozen=True)
class Kind:
    """One kind of field.

    ``parse`` reads a filter's value as what rows hold (None: it cannot be compared); ``show`` turns what rows
    hold into JSON. LIKE works only where ``like`` is set: elsewhere the portal compares for equality.
    """

    name: str
    parse: Callable[[Any], Any]
    show: Callable[[Any], Any]
    like: bool = False


@dataclass(frozen=True)
class Field:
    """A named field; ``read`` gives the value of the row at a position, None for NULL.

    ``indexed`` fields are looked up instead of compared when a filter asks for equality; fields that are not
    ``filterable`` are dropped from a filter.
    """

    name: str
    kind: Kind
    read: Callable[[int], Any]
    indexed: bool = False
    read_only: bool = False
    filterable: bool = True

    def show(self, position: int) -> Any:
        """The value as the portal's JSON has it."""
        value = self.read(position)
        return None if value is None else self.kind.show(value)


@lru_cache(maxsize=4096)
def iso(second: int) -> str:
    """A second of Unix time as the portal writes dates.

    >>> iso(0)
    '1970-01-01T03:00:00+03:00'
    """
    return datetime.fromtimestamp(second, PORTAL_ZONE).isoformat()


def parse_date(value: Any) -> int | None:
    """A date in ISO or in the portal's own form (DD.MM.YYYY, with or without a time) as Unix time.

    >>> parse_date("01.01.1970 03:00:00"), parse_date("1970-01-01T00:00:00+00:00"), parse_date("soon")
    (0, 0, None)
    """
    text = php.to_text(value).strip()
    for read in (datetime.fromisoformat, _local_date, _local_time):
        try:
            date = read(text)
            return int((date if date.tzinfo else date.replace(tzinfo=PORTAL_ZONE)).timestamp())
        except (ValueError, OverflowError):
            continue
    return None


def _local_date(text: str) -> datetime:
    return datetime.strptime(text, "%d.%m.%Y")


def _local_time(text: str) -> datetime:
    return datetime.strptime(text, "%d.%m.%Y %H:%M:%S")


def _truth(value: Any) -> bool:
    return php.to_text(value) in ("1", "Y", "true")


def _same(value: Any) -> Any:
    return value


def _money(value: int) -> str:
    return f"{value}.00"


INTEGER = Kind("integer", php.to_int, str)
TEXT = Kind("string", php.to_text, _same, like=True)
STATUS = Kind("crm_status", php.to_text, _same)
CHAR = Kind("char", php.to_text, _same)
DOUBLE = Kind("double", php.to_float, _money)
DATETIME = Kind("datetime", parse_date, iso)
BOOLEAN = Kind("boolean", _truth, _same)
NUMBERS = Kind("integer", php.to_int, list)
"""Several numbers, such as departments: rows hold a tuple, JSON shows a list."""
