"""The probe for Django: a span per statement of every alias, thread and async view, per COMMIT and connect.

Wraps the cursor that all of Django's statements go through, below its ``execute_wrappers``. The site is the
application's line that led to the statement; for one that a template made, the line that rendered it, and
the template's own line is in ``template``. Each request that the application answers is a span, too. What
the stack tells of the ORM is kept as ``relation``, ``eager``, ``refresh`` and ``deferred``.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from contextvars import ContextVar
from functools import wraps
from pathlib import PurePath
from types import FrameType
from typing import Any

from perfkit.probes.django_orm import look_up
from perfkit.probes.django_requests import watch_response, watch_response_async
from perfkit.probes.importing import when_imported
from perfkit.probes.plans_sqlite import explain
from perfkit.probes.queries import (
    Link,
    Query,
    begin,
    begin_connect,
    begin_transaction,
    end,
    next_link,
    within,
)
from perfkit.tracing.callpath import Path, capture, share, shown
from perfkit.tracing.recorder import explaining
from perfkit.tracing.scopes import active

LIBRARY = "django"
TESTED = ("5.2", "6.2")
"""Versions from the first up to, not including, the second are covered by tests."""

DEFAULT_PORTS = {"postgresql": 5432, "mysql": 3306, "oracle": 1521}
"""What an empty PORT means, per vendor."""

_NO_LINK = (0, None)
_THREAD_ENTRY = "SyncToAsync.thread_handler"
_MISSING = object()

_watching = False
_originals: list[tuple[Any, str, Any]] = []
_awaiting: ContextVar[Path] = ContextVar("perfkit_awaiting", default=())
"""In a thread that asgiref runs something in: the path of the ``await`` that asked for it."""


def install() -> None:
    """Start watching Django, as far as it has been imported and when more of it is. Idempotent."""
    global _watching
    if _watching:
        return
    _watching = True
    for module, change in _CHANGES.items():
        if module in sys.modules:
            change(sys.modules[module])
        else:
            when_imported(module, lambda module=module, change=change: _late(module, change))  # type: ignore[misc]


def remove() -> None:
    """Put Django back as it was."""
    global _watching
    _watching = False
    while _originals:
        owner, name, original = _originals.pop()
        if original is _MISSING:
            delattr(owner, name)
        else:
            setattr(owner, name, original)


def _late(module: str, change: Callable[[Any], None]) -> None:
    if _watching:
        change(sys.modules[module])


def _change_cursor(utils: Any) -> None:
    cursor = utils.CursorWrapper
    _add(cursor, "_perfkit_query", None)
    _replace(cursor, "_execute", _watch_execute)
    _replace(cursor, "_executemany", _watch_execute_many)
    _replace(cursor, "callproc", _watch_procedure)
    _replace(cursor, "__iter__", _watch_iteration)
    for name in ("fetchone", "fetchmany", "fetchall"):
        _add(cursor, name, _counting(name))


def _change_connection(base: Any) -> None:
    _add(base.BaseDatabaseWrapper, "_perfkit_link", _NO_LINK)
    _replace(base.BaseDatabaseWrapper, "connect", _watch_connect)
    _replace(base.BaseDatabaseWrapper, "_commit", _watch_transaction("COMMIT"))
    _replace(base.BaseDatabaseWrapper, "_rollback", _watch_transaction("ROLLBACK"))


def _change_handler(base: Any) -> None:
    _replace(base.BaseHandler, "get_response", watch_response)
    _replace(base.BaseHandler, "get_response_async", watch_response_async)


def _change_threads(sync: Any) -> None:
    _replace(sync.SyncToAsync, "__call__", _watch_thread_call)


_CHANGES: dict[str, Callable[[Any], None]] = {
    "django.db.backends.utils": _change_cursor,
    "django.db.backends.base.base": _change_connection,
    "django.core.handlers.base": _change_handler,
    "asgiref.sync": _change_threads,
}


def _replace(owner: Any, name: str, watch: Any) -> None:
    original = getattr(owner, name, None)
    if original is not None:  # a version that has no such method is watched as far as it goes
        _originals.append((owner, name, original))
        setattr(owner, name, wraps(original)(watch(original)))


def _add(owner: Any, name: str, value: Any) -> None:
    _originals.append((owner, name, owner.__dict__.get(name, _MISSING)))
    setattr(owner, name, value)


# Statements


def _watch_execute(original: Any) -> Any:
    def _execute(self: Any, sql: Any, params: Any, *ignored: Any) -> Any:
        if not active:
            return original(self, sql, params, *ignored)
        opened = _begin(self, sql, params, None, sys._getframe().f_back)
        try:
            result = original(self, sql, params, *ignored)
        except BaseException as error:
            end(opened, None, error)
            raise
        _end(opened, self)
        if explaining and opened is not None:
            _explain(opened, self, sql, params)
        return result

    return _execute


def _explain(opened: Query, cursor: Any, sql: Any, params: Any) -> None:
    """Ask SQLite for the plan; the probes of other drivers do that themselves."""
    with suppress(Exception):
        if cursor.db.vendor == "sqlite":
            if params is not None:  # Django's placeholders are not SQLite's
                names = list(params) if isinstance(params, Mapping) else None
                sql = cursor.cursor.convert_query(sql, param_names=names)
            explain(opened, cursor.cursor.connection, sql, params or ())


def _watch_execute_many(original: Any) -> Any:
    def _executemany(self: Any, sql: Any, param_list: Any, *ignored: Any) -> Any:
        if not active:
            return original(self, sql, param_list, *ignored)
        sets = param_list if isinstance(param_list, (list, tuple)) else ()
        opened = _begin(self, sql, sets, len(sets), sys._getframe().f_back)
        try:
            result = original(self, sql, param_list, *ignored)
        except BaseException as error:
            end(opened, None, error)
            raise
        _end(opened, self)
        return result

    return _executemany


def _watch_procedure(original: Any) -> Any:
    def callproc(self: Any, procname: Any, params: Any = None, kparams: Any = None) -> Any:
        if not active:
            return original(self, procname, params, kparams)
        opened = _begin(self, f"CALL {procname}", params, None, sys._getframe(1))
        return within(opened, original, self, procname, params, kparams)

    return callproc


def _begin(cursor: Any, sql: Any, params: Any, many: int | None, frame: FrameType | None) -> Query | None:
    opened = None
    try:
        database = cursor.db
        facts = {"alias": database.alias}
        with suppress(Exception):
            frame = frame and look_up(facts, sql, frame)
        transaction = database.in_atomic_block or not database.autocommit
        opened = begin(sql, params, _link(database), frame, many=many, transaction=transaction)
        if opened is not None:
            opened.attrs = {**opened.attrs, **facts} if opened.attrs else facts
            awaiting = _awaiting.get()
            if awaiting:
                opened.caller = _across_threads(frame, awaiting)
    except Exception:  # noqa: S110 - what cannot be described is left out
        pass
    return opened


def _end(opened: Query | None, cursor: Any) -> None:
    """Note the rows: as the driver counts them, or else as they are fetched."""
    if opened is None:
        return
    rows = None
    try:
        raw = cursor.cursor
        known = raw.rowcount
        if known > 0 or raw.description is None:
            rows = known
            cursor._perfkit_query = None
        else:
            cursor._perfkit_query = opened
    except Exception:  # noqa: S110 - not every driver can say
        pass
    end(opened, rows)


# Rows, counted as they are fetched where the driver does not count them


def _counting(name: str) -> Any:
    """A method for what the cursor otherwise looks up in the driver's with ``__getattr__``."""

    def fetch(self: Any, *args: Any, **options: Any) -> Any:
        rows = self.__getattr__(name)(*args, **options)
        opened = self._perfkit_query
        if opened is not None and not isinstance(opened.rows, itertools.count):
            fetched = len(rows) if name != "fetchone" else rows is not None
            opened.rows = (opened.rows or 0) + fetched
        return rows

    fetch.__name__ = fetch.__qualname__ = name
    return fetch


def _watch_iteration(original: Any) -> Any:
    def __iter__(self: Any) -> Iterator[Any]:  # noqa: N807 - as the library names it
        rows: Iterator[Any] = original(self)
        opened = self._perfkit_query
        if opened is None or opened.rows is not None:
            return rows
        # counted in C: a generator of ours would take longer for each row
        opened.rows = counter = itertools.count(1)
        return itertools.compress(rows, counter)

    return __iter__


# Connections and transactions


def _watch_connect(original: Any) -> Any:
    def connect(self: Any) -> Any:
        self._perfkit_link = _NO_LINK
        if not active:
            return original(self)
        opened = None
        with suppress(Exception):
            opened = begin_connect(*_database(self), sys._getframe(1))
            if opened is not None:
                opened.note(alias=self.alias)
        return within(opened, original, self)

    return connect


def _watch_transaction(name: str) -> Any:
    def watch(original: Any) -> Any:
        def end_transaction(self: Any) -> Any:
            if not active or self.connection is None:
                return original(self)
            opened = None
            with suppress(Exception):
                opened = begin_transaction(name, _link(self), sys._getframe(1))
                if opened is not None:
                    opened.note(alias=self.alias)
            return within(opened, original, self)

        return end_transaction

    return watch


def _link(database: Any) -> Link:
    """The driver's connection as this process numbers it, known anew after each ``connect``."""
    link: Link
    number, link = database._perfkit_link
    if number != id(database.connection):
        link = next_link(*_database(database))
        database._perfkit_link = (id(database.connection), link)
    return link


def _database(database: Any) -> tuple[str, str, str]:
    """System, host and name of a database, of its settings without the user and the password."""
    settings, system = database.settings_dict, database.vendor
    name = str(settings.get("NAME") or "")
    if system == "sqlite":
        return system, "", PurePath(name.removeprefix("file:").partition("?")[0]).name
    host = str(settings.get("HOST") or "")
    port = settings.get("PORT") or DEFAULT_PORTS.get(system)
    return system, f"{host}:{port}" if host and port and not host.startswith("/") else host, name


# Threads of async views


def _watch_thread_call(original: Any) -> Any:
    async def __call__(self: Any, *args: Any, **options: Any) -> Any:  # noqa: N807 - as the library names it
        if not active:
            return await original(self, *args, **options)
        before = _awaiting.get()
        with suppress(Exception):
            _awaiting.set(capture(sys._getframe(1)))
        try:
            return await original(self, *args, **options)
        finally:
            _awaiting.set(before)

    return __call__


def _across_threads(frame: FrameType | None, awaiting: Path) -> Path:
    """The lines in this thread, up to where asgiref entered it, and then those of the ``await``."""
    here, own = frame, 0
    while frame is not None and frame.f_code.co_qualname != _THREAD_ENTRY:
        own += shown(frame.f_code.co_filename) is not None
        frame = frame.f_back
    path = capture(here)
    return path if frame is None else share((*path[:own], *awaiting))
