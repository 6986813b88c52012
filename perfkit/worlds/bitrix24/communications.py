"""Telephone numbers, e-mail addresses and the like: several of each to a lead, contact or company."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

from perfkit.worlds.bitrix24 import php
from perfkit.worlds.bitrix24.fields import FLAG, Constant, Field, Kind

ENTRIES_PER_ROW = 8
"""Numbers that are kept for the generated entries of all entities with the same ID."""

TYPES = ("PHONE", "EMAIL", "WEB", "IM")
TYPE_ID = "TYPE_ID"


class Entry(NamedTuple):
    """One number or address; ``id`` is 0 before it has one."""

    id: int
    type_id: str
    value: str
    value_type: str = "WORK"
    gone: bool = False


class Source(NamedTuple):
    """The one number or address of generated rows: which rows have it, and what it is."""

    has: Callable[[int], object]
    text: Callable[[int], str]


def fields(phone: Source, email: Source, first_id: int) -> list[Field]:
    """The fields of an entity whose generated rows have one telephone number and one e-mail address or none.

    ``first_id`` tells the entries of entities with the same ID apart.
    """

    def phones(position: int) -> tuple[Entry, ...] | None:
        number = ENTRIES_PER_ROW * position + first_id
        return (Entry(number, "PHONE", phone.text(position)),) if phone.has(position) else None

    def emails(position: int) -> tuple[Entry, ...] | None:
        number = ENTRIES_PER_ROW * position + first_id + 1
        return (Entry(number, "EMAIL", email.text(position)),) if email.has(position) else None

    return [
        _has("PHONE", phone.has),
        _has("EMAIL", email.has),
        Field("PHONE", kind("PHONE"), phones, indexed=True, part="named", item=""),
        Field("EMAIL", kind("EMAIL"), emails, indexed=True, part="named", item=""),
        Field("WEB", kind("WEB"), Constant(), indexed=True, part="named", item=""),
        Field("IM", kind("IM"), Constant(), indexed=True, part="named", item=""),
        _inner("FM", ALL, lambda p: _joined((phones(p), emails(p))), _all_of, item="fm"),
        _inner("PHONE_CODE", CODES, phones, itemgetter("PHONE")),
        _inner("EMAIL_CODE", CODES, emails, itemgetter("EMAIL")),
    ]


def _has(type_id: str, has: Callable[[int], object]) -> Field:
    def derived(row: Mapping[str, Any]) -> str:
        return "Y" if row[type_id] else "N"

    def read(position: int) -> str:
        return "Y" if has(position) else "N"

    return Field(f"HAS_{type_id}", FLAG, read, read_only=True, derived=derived)


def _inner(
    name: str,
    kind: Kind,
    read: Callable[[int], Any],
    derived: Callable[[Mapping[str, Any]], Any],
    item: str = "",
) -> Field:
    """A field that no client of the classic methods sees."""
    return Field(name, kind, read, indexed=True, filterable=False, part="inner", item=item, derived=derived)


def _all_of(row: Mapping[str, Any]) -> tuple[Entry, ...] | None:
    return _joined(row[name] for name in TYPES)


def _joined(parts: Any) -> tuple[Entry, ...] | None:
    return tuple(chain.from_iterable(part for part in parts if part)) or None


@lru_cache(maxsize=1024)  # a caller's number is looked for in three tables
def code(type_id: str, value: str) -> str:
    """What two spellings of one number or address have in common.

    >>> code("PHONE", "+7 (000) 123-45"), code("EMAIL", "Sales@Example.org")
    ('700012345', 'sales@example.org')
    """
    if type_id == "PHONE":
        return "".join(filter(str.isdecimal, value))
    return value.strip().lower()


def kind(type_id: str) -> Kind:
    """The kind of the field ``type_id``: rows hold a tuple of entries, or None."""

    def store(value: Any) -> tuple[Entry, ...]:
        alone = not php.is_array(value) or "VALUE" in value
        return tuple(_entry(type_id, one) for one in ([value] if alone else php.values(value)))

    return Kind("crm_multifield", php.to_text, _shown, store=store, keys=_values, merge=_merged)


def _entry(type_id: str, raw: Any) -> Entry:
    known = {key.upper(): value for key, value in php.items(raw)} if php.is_array(raw) else {"VALUE": raw}
    value_type = php.to_text(known.get("VALUE_TYPE")) or "WORK"
    value = php.to_text(known.get("VALUE"))
    gone = php.to_text(known.get("DELETE")) == "Y" or not value
    return Entry(php.to_int(known.get("ID")), type_id, value, value_type, gone)


def _merged(
    old: tuple[Entry, ...] | None, new: tuple[Entry, ...], numbers: Iterator[int]
) -> tuple[Entry, ...] | None:
    """Entries with a number replace the one that has it, empty ones remove it; others are added."""
    entries = {entry.id: entry for entry in old or ()}
    for entry in new:
        if entry.gone:
            entries.pop(entry.id, None)
        elif entry.id in entries:
            entries[entry.id] = entry
        else:
            number = next(numbers)
            entries[number] = entry._replace(id=number)
    return tuple(entries.values()) or None


def _shown(entries: tuple[Entry, ...]) -> list[dict[str, str]]:
    return [
        {"ID": str(e.id), "VALUE_TYPE": e.value_type, "VALUE": e.value, TYPE_ID: e.type_id} for e in entries
    ]


def _shown_by_item(entries: tuple[Entry, ...]) -> list[dict[str, Any]]:
    return [{"id": e.id, "valueType": e.value_type, "value": e.value, "typeId": e.type_id} for e in entries]


def _values(entries: tuple[Entry, ...]) -> tuple[str, ...]:
    return tuple(entry.value for entry in entries)


def _codes(entries: tuple[Entry, ...]) -> tuple[str, ...]:
    return tuple(code(entry.type_id, entry.value) for entry in entries)


ALL = Kind("crm_multifield", php.to_text, _shown, _shown_by_item, keys=_values, empty=())
CODES = Kind("string", php.to_text, keys=_codes)
