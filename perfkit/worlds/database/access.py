"""What a strategy is handed by a world that is a database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from perfkit.errors import UsageError
from perfkit.worlds.base import Access

HOST = "db.test"
"""The database's name on the simulated network, and in spans."""


def _refuse(**_: Any) -> Any:
    raise UsageError("this access was made without a database: take it from the world that is passed in")


@dataclass(frozen=True)
class DatabaseAccess(Access):
    """A database, and its data's size and seed. ``dialect`` is "sqlite" or "postgresql".

    ``connect(**options)`` gives a synchronous connection: a ``sqlite3.Connection``, or psycopg's. It is also
    what SQLAlchemy takes: ``create_engine("sqlite://", creator=world.connect)``. ``connect_async(**options)``
    gives one to ``await``, or to use by ``async with``: with aiosqlite's methods, or psycopg's
    ``AsyncConnection``. ``options`` are the driver's.

    ``url`` is a connection string of PostgreSQL's (for asyncpg, SQLAlchemy or psql), or SQLite's file: opened
    without ``connect`` it is a file and no server, and costs no time.
    """

    dialect: str = ""
    connect: Callable[..., Any] = _refuse
    connect_async: Callable[..., Any] = _refuse
