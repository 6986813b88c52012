"""The gate's own connection to the real server: asks who waits for whose lock, and ends what is left over."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from perfkit.errors import SimulationError, UsageError
from perfkit.sim.postgres.backend import Backend
from perfkit.sim.postgres.messages import TERMINATE, field, message, split, startup
from perfkit.sim.postgres.passwords import Authentication

if TYPE_CHECKING:
    from perfkit.sim.postgres.backend import Address

_PATIENCE_S = 30.0
_COMPLETE = b"Z"


class Control:
    """A session of the user named in a DSN; a superuser's sees more (``superuser``).

    Raises SimulationError if the server cannot be reached or turns the user away.
    """

    def __init__(self, server: str | Address) -> None:
        self.address, user, password, database = dsn_parts(server)
        self._backend = Backend(self.address)
        self._superusers: dict[str, bool] = {}
        self.when_silent(_PATIENCE_S, lambda: None)
        try:
            self._log_in(user, password, database)
            self.superuser = self.is_superuser(user)
        except BaseException:
            self._backend.close()
            raise

    def when_silent(self, after_s: float, call: Callable[[], None]) -> None:
        """Call this when an answer has not come after so many REAL seconds."""
        self._calm_s, self._alarm = after_s, call

    def _log_in(self, user: str, password: str, database: str) -> None:
        self._backend.send(startup({"user": user, "database": database, "application_name": "perfkit"}))
        authentication = Authentication(user, password)
        while True:
            for kind, body in self._answers(b"ZR"):
                if kind == b"Z":
                    return
                if kind == b"R":
                    self._backend.send(authentication.answer(body))

    def _answers(self, until: bytes) -> list[tuple[bytes, bytes]]:
        """The server's messages up to one of these kinds, which is the last it sends for now."""
        data = bytearray()
        while True:
            more = self._backend.receive(self._calm_s)
            if more is None:
                self._alarm()
                more = self._backend.receive(_PATIENCE_S)
            data += more or b""
            answers = list(split(data))
            problem = next((field(body, b"M") for kind, body in answers if kind == b"E"), "")
            if not more:
                silent = "it does not answer" if more is None else "it has closed the gate's own connection"
                raise SimulationError(f"the real PostgreSQL behind the simulated one: {problem or silent}")
            whole = sum(5 + len(body) for _, body in answers) == len(data)
            if whole and answers[-1][0] in until:
                break
        if problem:
            raise SimulationError(f"the real PostgreSQL behind the simulated one: {problem}")
        return answers

    def rows(self, query: str) -> list[list[str | None]]:
        """The rows of a query, as text. Raises SimulationError with the server's message if it fails."""
        self._backend.send(message(b"Q", query.encode() + b"\0"))
        return [_values(body) for kind, body in self._answers(_COMPLETE) if kind == b"D"]

    def is_superuser(self, user: str) -> bool:
        """Whether a role may load libraries into its sessions."""
        if user not in self._superusers:
            name = user.replace("'", "''")
            found = self.rows(f"SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = '{name}'")  # noqa: S608
            self._superusers[user] = found == [["t"]]
        return self._superusers[user]

    def can_explain(self) -> bool:
        """Whether sessions can have auto_explain, which tells their plans."""
        if not self.superuser:
            return False
        try:
            self.rows("LOAD 'auto_explain'")
        except SimulationError:
            return False
        return True

    def blockers(self, pids: Iterable[int]) -> dict[int, set[int]]:
        """For each of these server processes those whose locks it waits for."""
        listed = ",".join(map(str, pids))
        query = (
            f"SELECT pid, pg_catalog.pg_blocking_pids(pid) FROM pg_catalog.unnest('{{{listed}}}'::int[]) pid"  # noqa: S608
        )
        return {int(pid or 0): _integers(blocking or "{}") for pid, blocking in self.rows(query)}

    def terminate(self, pids: Iterable[int]) -> None:
        """End these server processes, whatever they do."""
        for pid in pids:
            self.rows(f"SELECT pg_catalog.pg_terminate_backend({pid})")

    def close(self) -> None:
        """Log out."""
        self._backend.send(TERMINATE)
        self._backend.close()


def _values(body: bytes) -> list[str | None]:
    values: list[str | None] = []
    start = 2
    while start < len(body):
        size = int.from_bytes(body[start : start + 4], signed=True)
        start += 4
        values.append(None if size < 0 else body[start : start + size].decode())
        start += max(size, 0)
    return values


def _integers(array: str) -> set[int]:
    return {int(item) for item in array.strip("{}").split(",") if item}


def dsn_parts(server: str | Address) -> tuple[Address, str, str, str]:
    """Address, user, password and database of a DSN; of an address alone, what a fresh server has."""
    if not isinstance(server, str):
        return server, "postgres", "", "postgres"
    parts = urlsplit(server)
    if parts.scheme not in ("postgresql", "postgres"):
        raise UsageError(
            "server= of the simulated PostgreSQL is no address: give (ip, port), or a URL such as "
            "'postgresql://user:password@127.0.0.1:5432/postgres'"
        )
    given = dict(parse_qsl(parts.query))
    user = unquote(parts.username or given.get("user", "postgres"))
    password = unquote(parts.password or given.get("password", ""))
    database = unquote(parts.path.lstrip("/")) or user
    return (parts.hostname or "127.0.0.1", parts.port or 5432), user, password, database
