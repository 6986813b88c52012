"""Fields of an entity: their kinds, how values are read from a request, and how rows show them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any, NamedTuple

from perfkit.worlds.bitrix24 import php

PORTAL_ZONE = timezone(timedelta(hours=3))
"""Time zone of the portal: dates without a zone are read in it, and all are shown in it."""

_ZONE_S, _ZONE = 3 * 3600, "+03:00"
_DAY_0 = date(1970, 1, 1).toordinal()

Show = Callable[[Any], Any] | None
"""Turns what a row holds into JSON; None where it is JSON already."""


class Stamp(NamedTuple):
    """Who writes a row and when: Unix time on the portal's clock, a user, and the number of the row."""

    now_s: float
    user: int = 1
    number: int = 0


@dataclass(frozen=True)
class Kind:
    """One kind of field.

    ``parse`` reads a filter's value as what rows hold (None: it cannot be compared), ``store`` the value of a
    write; ``show`` turns what rows hold into JSON for the classic methods, ``item`` for ``crm.item.*``, where
    NULL is ``empty``. LIKE works only where ``like`` is set: elsewhere the portal compares for equality.
    A field of several values has ``keys``: what a filter may find it by. With ``join`` a row is found as
    often as a filter asks for a key that it has. ``merge`` makes one of what a row holds and what was stored,
    with numbers for new entries.
    """

    name: str
    parse: Callable[[Any], Any]
    show: Show = None
    item: Show = None
    store: Callable[[Any], Any] | None = None
    like: bool = False
    empty: Any = None
    keys: Callable[[Any], tuple[Any, ...]] | None = None
    join: bool = False
    merge: Callable[[Any, Any, Iterator[int]], Any] | None = None

    def stored(self, value: Any) -> Any:
        """What a row holds after ``value`` was written: nothing where the value is empty."""
        if self.store is not None:
            return self.store(value)
        return None if php.to_text(value) == "" else self.parse(value)


class Constant:
    """Reads the same value from every row; renderers know it and read it once."""

    def __init__(self, value: Any = None) -> None:
        self.value = value

    def __call__(self, _position: int) -> Any:
        """The value in any row."""
        return self.value


@dataclass(frozen=True)
class Field:
    """A named field; ``read`` gives the value of the generated row at a position, None for NULL.

    ``indexed`` fields are looked up instead of compared when a filter asks for equality; fields that are not
    ``filterable`` are dropped from a filter. ``part`` is what selects it: "" for ``*``, "UF" for ``UF_*``,
    "named" for its own name only, "inner" for nothing. ``item`` is its name in ``crm.item.*``, "" where it is
    not among them. ``fresh`` gives the value in a new row; with ``renewed`` also after each change.
    ``derived`` follows from the row's other values, as soon as any is written.
    """

    name: str
    kind: Kind
    read: Callable[[int], Any]
    indexed: bool = False
    read_only: bool = False
    filterable: bool = True
    required: bool = False
    part: str = ""
    item: str | None = None
    fresh: Callable[[Stamp], Any] | None = None
    renewed: bool = False
    derived: Callable[[Mapping[str, Any]], Any] | None = None

    @property
    def several(self) -> bool:
        """Whether a row may have several values: such a field sorts nothing."""
        return self.kind.keys is not None

    @property
    def item_name(self) -> str:
        """The name in ``crm.item.*``."""
        return camel(self.name) if self.item is None else self.item


@lru_cache(maxsize=4096)
def camel(name: str) -> str:
    """The name of a field as the newer methods write it.

    >>> camel("ASSIGNED_BY_ID"), camel("UF_CRM_REGION"), camel("UF_CRM_1720019876534")
    ('assignedById', 'ufCrmRegion', 'ufCrm_1720019876534')
    """
    first, *rest = name.lower().split("_")
    if first == "uf" and rest and rest[-1].isdigit():
        return first + "".join(map(str.capitalize, rest[:-1])) + "_" + rest[-1]
    return first + "".join(map(str.capitalize, rest))


def upper(name: str) -> str:
    """The other spelling of such a name.

    >>> upper("assignedById")
    'ASSIGNED_BY_ID'
    """
    return "".join("_" + letter if letter.isupper() else letter.upper() for letter in name)


@lru_cache(maxsize=16_384)
def iso(second: int) -> str:
    """A second of Unix time as the portal writes dates.

    >>> iso(0)
    '1970-01-01T03:00:00+03:00'
    """
    day, rest = divmod(second + _ZONE_S, 86_400)
    hour, rest = divmod(rest, 3_600)
    minute, second = divmod(rest, 60)
    return f"{_day(day)}T{hour:02}:{minute:02}:{second:02}{_ZONE}"


@lru_cache(maxsize=4096)
def _day(number: int) -> str:
    """A date by its number since 1970: a listing of many rows has few, and datetime takes its time."""
    return date.fromordinal(_DAY_0 + number).isoformat()


def parse_date(value: Any) -> int | None:
    """A date in ISO or in the portal's own form (DD.MM.YYYY, with or without a time) as Unix time.

    >>> parse_date("01.01.1970 03:00:00"), parse_date("1970-01-01T00:00:00+00:00"), parse_date("soon")
    (0, 0, None)
    """
    text = php.to_text(value).strip()
    for read in (datetime.fromisoformat, _local_date, _local_time):
        try:
            moment = read(text)
            second = int((moment if moment.tzinfo else moment.replace(tzinfo=PORTAL_ZONE)).timestamp())
            iso(second)  # a date that cannot be shown in the portal's zone is none
            return second
        except (ValueError, OverflowError, OSError):
            continue
    return None


def _local_date(text: str) -> datetime:
    return datetime.strptime(text, "%d.%m.%Y")


def _local_time(text: str) -> datetime:
    return datetime.strptime(text, "%d.%m.%Y %H:%M:%S")


def _truth(value: Any) -> bool:
    return php.to_text(value) in ("1", "Y", "true")


def _money(value: float) -> str:
    return f"{value}.00" if isinstance(value, int) else f"{value:.2f}"


def _amount(value: Any) -> float:
    """A number as rows hold it: whole ones as int, as PHP shows them."""
    number = php.to_float(value)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _flag(value: Any) -> str:
    return "Y" if _truth(value) else "N"


def _integers(value: Any) -> tuple[int, ...]:
    return tuple(php.to_int(one) for one in _several(value))


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(text for text in map(php.to_text, _several(value)) if text)


def _several(value: Any) -> list[Any]:
    return php.values(value) if php.is_array(value) else [value] if php.to_text(value) else []


def _as_texts(numbers: tuple[int, ...]) -> list[str]:
    return [str(number) for number in numbers]


def _is_one(value: Any) -> bool:
    return php.to_text(value) == "1"


def _one_or_zero(value: bool) -> str:
    return "1" if value else "0"


def _yes_or_no(value: bool) -> str:
    return "Y" if value else "N"


def link(name: str, empty: Any = None) -> Kind:
    """A number of something else: a user, a company."""
    return Kind(name, php.to_int, str, empty=empty)


INTEGER = link("integer")
USER = link("user")
COMPANY = link("crm_company", empty=0)
CONTACT = link("crm_contact", empty=0)
TEXT = Kind("string", php.to_text, store=php.to_text, like=True)
STATUS = Kind("crm_status", php.to_text)
CURRENCY = Kind("crm_currency", php.to_text)
CHAR = Kind("char", php.to_text)
FLAG = Kind("char", php.to_text, store=_flag)
"""Y or N."""
DOUBLE = Kind("double", php.to_float, _money, store=_amount)
DATETIME = Kind("datetime", parse_date, iso, iso)
DATE = Kind("date", parse_date, iso, iso)
BOOLEAN = Kind("boolean", _truth)
USER_BOOLEAN = Kind("boolean", _is_one, _one_or_zero, _yes_or_no, store=_truth)
"""A user field that is true or false: filters know it as 1 or 0 only (documented)."""
NUMBERS = Kind("integer", php.to_int, list, list, store=_integers, keys=tuple)
"""Several numbers, such as departments: rows hold a tuple, JSON shows a list."""
USERS = Kind("array", php.to_int, _as_texts, list, store=_integers, keys=tuple)
TEXTS = Kind("string", php.to_text, list, list, store=_texts, keys=tuple)
"""Several texts."""
