"""What the CRM's entities have in common: their methods, and the fields about who wrote a row and when."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from perfkit.worlds.bitrix24.answers import Answer
from perfkit.worlds.bitrix24.fields import (
    COMPANY,
    CONTACT,
    CURRENCY,
    DATETIME,
    DOUBLE,
    FLAG,
    STATUS,
    TEXT,
    USER,
    Constant,
    Field,
    Kind,
    Stamp,
)
from perfkit.worlds.bitrix24.lists import classic_get, classic_list, describe
from perfkit.worlds.bitrix24.methods.store import Context, Handler, Store
from perfkit.worlds.bitrix24.tables import Table
from perfkit.worlds.bitrix24.writes import classic_add, classic_delete, classic_update

SOURCES = ("CALL", "EMAIL", "WEB", "ADVERTISING", "PARTNER", None)
"""Where leads come from; a sixth of them have no source (NULL)."""


def classic_methods(
    prefix: str, table: Callable[[Store], Table], entity_type: int | None = None
) -> dict[str, Handler]:
    """``list``, ``get``, ``add``, ``update``, ``delete`` and ``fields`` of one entity.

    With it goes what belongs to a row if it has an ``entity_type``.
    """

    def list_(call: Context) -> Answer:
        return classic_list(table(call.store), call.params, call.config.past_end)

    def get(call: Context) -> Answer:
        return classic_get(table(call.store), call.params)

    def add(call: Context) -> Answer:
        return classic_add(table(call.store), call.params, stamp(call))

    def update(call: Context) -> Answer:
        return classic_update(table(call.store), call.params, stamp(call))

    def delete(call: Context) -> Answer:
        if entity_type is None:
            return classic_delete(table(call.store).delete, call.params)
        return classic_delete(partial(call.store.delete, entity_type, stamp=stamp(call)), call.params)

    def fields(call: Context) -> Answer:
        return describe(table(call.store))

    handlers = {"list": list_, "get": get, "add": add, "update": update, "delete": delete, "fields": fields}
    return {f"{prefix}.{verb}": handler for verb, handler in handlers.items()}


def stamp(call: Context) -> Stamp:
    """Who writes, and when."""
    return Stamp(call.now_s, call.caller.user)


def now(stamp: Stamp) -> int:
    """The second of a write."""
    return int(stamp.now_s)


def author(stamp: Stamp) -> int:
    """The user who writes."""
    return stamp.user


def always(value: object) -> Callable[[Stamp], object]:
    """The same in every new row."""
    return lambda _stamp: value


def stamps(created: Callable[[int], int], modified: Callable[[int], int]) -> list[Field]:
    """Who made and changed a row, and when."""
    return [
        Field("CREATED_BY_ID", USER, Constant(1), read_only=True, item="createdBy", fresh=author),
        Field("MODIFY_BY_ID", USER, Constant(1), read_only=True, item="updatedBy", fresh=author,
              renewed=True),
        Field("DATE_CREATE", DATETIME, created, read_only=True, item="createdTime", fresh=now),
        Field("DATE_MODIFY", DATETIME, modified, read_only=True, item="updatedTime", fresh=now,
              renewed=True),
    ]  # fmt: skip


def assigned(read: Callable[[int], int]) -> Field:
    """The user in charge: who adds a row, if nobody is named."""
    return Field("ASSIGNED_BY_ID", USER, read, indexed=True, fresh=author)


def status(
    name: str, read: Callable[[int], str | None], first: str | None = None, item: str | None = None
) -> Field:
    """A value out of a list of statuses; new rows have the ``first``."""
    return Field(name, STATUS, read, indexed=True, fresh=always(first), item=item)


def flag(name: str, read: Callable[[int], str] | str, first: str = "Y") -> Field:
    """Y or N."""
    return Field(name, FLAG, Constant(read) if isinstance(read, str) else read, fresh=always(first))


def text(name: str, read: Callable[[int], str | None] | None = None) -> Field:
    """Some text; NULL in generated rows unless ``read`` says otherwise."""
    return Field(name, TEXT, read or Constant())


def optional(name: str, kind: Kind, read: Callable[[int], object] | None = None) -> Field:
    """A field that is NULL unless somebody sets it."""
    return Field(name, kind, read or Constant())


def money(opportunity: Callable[[int], int]) -> list[Field]:
    """An amount and its currency."""
    return [
        Field("OPPORTUNITY", DOUBLE, opportunity, fresh=always(0)),
        Field("CURRENCY_ID", CURRENCY, Constant("RUB"), fresh=always("RUB")),
        flag("IS_MANUAL_OPPORTUNITY", "N", "N"),
    ]


def customers(company: Callable[[int], int | None], contact: Callable[[int], int | None]) -> list[Field]:
    """The company and the contact a row is about."""
    return [
        Field("COMPANY_ID", COMPANY, company, indexed=True),
        Field("CONTACT_ID", CONTACT, contact, indexed=True),
    ]
