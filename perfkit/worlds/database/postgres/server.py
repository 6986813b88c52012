"""The real server of this process, its templates, and the databases made of them."""

from __future__ import annotations

import atexit
import itertools
import os
import secrets
from contextlib import suppress
from functools import cache
from urllib.parse import quote, urlsplit, urlunsplit

from perfkit.errors import WorldError
from perfkit.sim.postgres.control import dsn_parts
from perfkit.worlds.database.dataset import Load, quoted
from perfkit.worlds.database.postgres.admin import admin
from perfkit.worlds.database.postgres.cluster import Cluster

DSN = "PERFKIT_PG_DSN"
"""Environment variable: a server to be used instead of one of our own, whose user may create databases."""

_STEADY = ("jit = off", "max_parallel_workers_per_gather = 0")
"""What would make the same statement do different work another time."""


class Server:
    """Makes and drops databases of its own, and touches no others. ``prefix`` begins their names.

    ``address`` is where a link is to reach it: as in the DSN, if not given.
    """

    def __init__(self, dsn: str, prefix: str, address: tuple[str, int] | str | None = None) -> None:
        try:
            named, self.user, self.password, _ = dsn_parts(dsn)
        except ValueError as error:
            raise WorldError(f"{DSN} has a bad port: {error}") from error
        self.address = address or named
        self._dsn = urlsplit(dsn)
        self._prefix = prefix
        self._templates: dict[tuple[Load, int, int], str] = {}
        self._numbers = itertools.count(1)
        self._used: set[str] = set()
        with admin(dsn):
            pass  # can it be reached?

    def dsn(self, database: str | None = None) -> str:
        """The connection string of a database, with the password."""
        return self._dsn.geturl() if database is None else urlunsplit(self._dsn._replace(path=f"/{database}"))

    def url(self, host: str, port: int, database: str) -> str:
        """The connection string of a database that is reached in another way."""
        secret = f":{quote(self.password, safe='')}" if self.password else ""
        return f"postgresql://{quote(self.user, safe='')}{secret}@{host}:{port}/{database}"

    def template(self, load: Load, size: int, seed: int) -> str:
        """A database with these data, loaded once."""
        key = (load, size, seed)
        if key not in self._templates:
            name = f"{self._prefix}_template_{next(self._numbers)}"
            self._make(name, "template0")
            try:
                with admin(self.dsn(name)) as session:
                    session.fill(load(size, seed))
            except BaseException:
                self.drop(name)
                raise
            self._templates[key] = name
        return self._templates[key]

    def create(self, template: str) -> str:
        """A new copy of a template; its name is the first one that is free."""
        names = (self._prefix if number == 1 else f"{self._prefix}_{number}" for number in itertools.count(1))
        name = next(name for name in names if name not in self._used)
        self._make(name, template)
        return name

    def _make(self, name: str, template: str) -> None:
        with admin(self.dsn()) as session:
            session.rows(f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")
            session.rows(f"CREATE DATABASE {quoted(name)} TEMPLATE {quoted(template)} ENCODING 'UTF8'")
            self._used.add(name)
            for setting in _STEADY:
                session.rows(f"ALTER DATABASE {quoted(name)} SET {setting}")

    def drop(self, name: str) -> None:
        """Drop one of our databases, whoever is connected to it."""
        with admin(self.dsn()) as session:
            session.rows(f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")
        self._used.discard(name)

    def drop_all(self) -> None:
        """Drop all of ours, where that is still possible."""
        for name in sorted(self._used):
            with suppress(WorldError):
                self.drop(name)


def current_server() -> Server:
    """The server of this process: that of PERFKIT_PG_DSN, or one that is started now and kept for later."""
    return _server(os.environ.get(DSN, ""), os.getpid())


@cache
def _server(dsn: str, owner: int) -> Server:
    if not dsn:
        cluster = Cluster()
        return Server(cluster.dsn(), "perfkit", cluster.near_address)
    if urlsplit(dsn).scheme not in ("postgresql", "postgres"):
        raise WorldError(
            f"{DSN} is no URL of PostgreSQL: write postgresql://user:password@host:5432/database"
        )
    try:
        server = Server(dsn, f"perfkit_{owner}_{secrets.token_hex(4)}")
    except WorldError as error:
        raise WorldError(f"the server of {DSN} cannot be used: {error}") from error
    atexit.register(server.drop_all)
    return server
