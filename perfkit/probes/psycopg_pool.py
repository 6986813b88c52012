"""The probe for psycopg's pools: a span of kind "wait" while the application waits for a free connection.

Getting a connection that is free takes no span. The connections that a pool makes are the probe of psycopg's.
"""

from __future__ import annotations

import sys
from typing import Any

from perfkit.probes.replacements import Replacements
from perfkit.tracing import enter, here, leave

LIBRARY = "psycopg_pool"
TESTED = ("3.2", "3.4")
"""Versions from the first up to, not including, the second are covered by tests."""

_replaced = Replacements()


def install() -> None:
    """Start watching psycopg_pool. Does nothing when it is watched already."""
    from psycopg_pool import pool, pool_async

    if not _replaced:
        _replaced.put(pool.WaitingClient, "wait", _watch_wait)
        _replaced.put(pool_async.WaitingClient, "wait", _watch_wait_async)


def remove() -> None:
    """Put psycopg_pool back as it was."""
    _replaced.undo()


def _watch_wait(original: Any) -> Any:
    def wait(self: Any, *args: Any, **options: Any) -> Any:
        if here() is None:
            return original(self, *args, **options)
        opened = enter("wait", "psycopg_pool.ConnectionPool.getconn", _attrs(), sys._getframe(1))
        try:
            connection = original(self, *args, **options)
        except BaseException as error:
            leave(opened, error)
            raise
        leave(opened)
        return connection

    return wait


def _watch_wait_async(original: Any) -> Any:
    async def wait(self: Any, *args: Any, **options: Any) -> Any:
        if here() is None:
            return await original(self, *args, **options)
        opened = enter("wait", "psycopg_pool.AsyncConnectionPool.getconn", _attrs(), sys._getframe(1))
        try:
            connection = await original(self, *args, **options)
        except BaseException as error:
            leave(opened, error)
            raise
        leave(opened)
        return connection

    return wait


def _attrs() -> dict[str, Any]:
    return {"system": "postgresql", "library": LIBRARY}
