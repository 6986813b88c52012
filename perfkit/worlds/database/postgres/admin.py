"""Statements to a real PostgreSQL, without a driver: those and sockets may be a simulation's."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from perfkit.errors import SimulationError, WorldError
from perfkit.sim.postgres.control import Control
from perfkit.sim.postgres.messages import message
from perfkit.worlds.database.dataset import Dataset, Table, quoted

_CHUNK_BYTES = 65_536

_LARGEST_TARGET, _SMALLEST_TARGET = 10_000, 100
_ROWS_PER_TARGET = 300
"""ANALYZE looks at 300 rows for each unit of the statistics target (the manual: "ANALYZE"), at random. With a
target for all rows, the same data always have the same statistics, and queries the same plan."""

_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


class Admin(Control):
    """A session that makes, fills and drops databases."""

    def copy(self, table: Table) -> int:
        """Fill a table by COPY; how many rows."""
        columns = ", ".join(map(quoted, table.columns))
        query = f"COPY {quoted(table.name)} ({columns}) FROM STDIN"
        self._backend.send(message(b"Q", query.encode() + b"\0"))
        self._answers(b"GZ")
        number, chunk = 0, bytearray()
        for number, row in enumerate(table.checked_rows(), 1):  # noqa: B007 - the last one is the count
            chunk += ("\t".join(map(copied, row)) + "\n").encode()
            if len(chunk) >= _CHUNK_BYTES:
                self._backend.send(message(b"d", bytes(chunk)))
                chunk.clear()
        self._backend.send(message(b"d", bytes(chunk)) + message(b"c", b""))
        self._answers(b"Z")
        return number

    def fill(self, dataset: Dataset) -> None:
        """Make and fill the tables, and leave nothing for later: no vacuum, no statistics."""
        largest = 0
        for table in dataset.tables:
            for statement in table.create("postgresql"):
                self.rows(statement)
            largest = max(largest, self.copy(table))
            for statement in table.create_indexes():
                self.rows(statement)
        for statement in dataset.last_statements("postgresql"):
            self.rows(statement)
        target = min(_LARGEST_TARGET, max(_SMALLEST_TARGET, -(-largest // _ROWS_PER_TARGET)))
        self.rows(f"SET default_statistics_target = {target}")
        self.rows("VACUUM (FREEZE, ANALYZE)")


@contextmanager
def admin(dsn: str) -> Iterator[Admin]:
    """A session at the server of a DSN; WorldError, which never shows its password, if that fails."""
    try:
        session = Admin(dsn)
        try:
            yield session
        finally:
            session.close()
    except SimulationError as error:
        raise WorldError(str(error)) from error


def copied(value: Any) -> str:
    r"""A value as COPY's text format has it.

    >>> [copied(value) for value in (None, True, "a\tb", [1, None, 'x"'], b"\x00\xff")]
    ['\\N', 't', 'a\\tb', '{"1",NULL,"x\\\\""}', '\\\\x00ff']
    """
    return "\\N" if value is None else _text(value).translate(_ESCAPES)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "\\x" + bytes(value).hex()
    if isinstance(value, dict):
        return json.dumps(value)
    if isinstance(value, (list, tuple)):
        return _array(value)
    return str(value)


def _array(values: Sequence[Any] | Iterable[Any]) -> str:
    items = []
    for value in values:
        if value is None:
            items.append("NULL")
        elif isinstance(value, (list, tuple)):
            items.append(_array(value))
        else:
            text = _text(value).replace("\\", "\\\\").replace('"', '\\"')
            items.append(f'"{text}"')
    return "{" + ",".join(items) + "}"
