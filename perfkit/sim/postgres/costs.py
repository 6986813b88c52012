"""What a statement costs the modelled server: a function of what was done, not of how long it really took."""

from __future__ import annotations

from dataclasses import dataclass, fields

from perfkit.errors import UsageError


@dataclass
class Work:
    """What the real server did for one group of messages, or for all of them."""

    connections: int = 0
    parses: int = 0
    statements: int = 0
    rows_read: int = 0
    rows_returned: int = 0
    rows_written: int = 0
    commits: int = 0
    deadlocks: int = 0

    def add(self, other: Work) -> None:
        """Count another's work here, too."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))


@dataclass(frozen=True)
class Costs:
    """The service times of a server, in nanoseconds, and its ``workers`` (None: enough for everybody).

    A statement costs ``parse_ns`` if it has to be parsed and planned, ``statement_ns`` whenever it is
    executed, and then by the row: read from tables (also those that a filter throws away), returned,
    written. A transaction that wrote costs ``commit_ns`` for its flush to disk, a new connection
    ``connect_ns`` for its process. A statement that finds no free worker waits in a queue.

    Source: ``benchmarks/test_postgres_sim_speed.py``, which measures these on a real server. PostgreSQL 18.6
    with its data in memory took 1.4 to 2.4 ms to connect, 7 to 22 us to parse and 3 to 7 us to execute a
    SELECT by key, and by the row 25 to 37 ns to read, 44 to 72 to return, 530 to 640 to write. The defaults
    are round numbers of that size, for statements a little less simple. ``commit_ns`` is an assumption, the
    flush of a cloud's SSD (``pg_test_fsync`` measures yours); ``deadlock_timeout_ns`` is PostgreSQL's own.
    """

    connect_ns: int = 1_500_000
    parse_ns: int = 20_000
    statement_ns: int = 10_000
    row_read_ns: int = 25
    row_returned_ns: int = 50
    row_written_ns: int = 500
    commit_ns: int = 1_000_000
    deadlock_timeout_ns: int = 1_000_000_000
    workers: int | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "workers":
                if value is not None and (not isinstance(value, int) or value < 1):
                    raise UsageError(f"workers={value!r}: give a whole number from 1, or None for no limit")
            elif not isinstance(value, int) or value < 0:
                raise UsageError(f"{field.name}={value!r}: give a whole number of nanoseconds, 0 or more")

    def service_ns(self, work: Work) -> int:
        """How long a worker is busy with it.

        >>> Costs(parse_ns=10, statement_ns=100, row_read_ns=1).service_ns(Work(statements=2, rows_read=30))
        230
        """
        return (
            work.connections * self.connect_ns
            + work.parses * self.parse_ns
            + work.statements * self.statement_ns
            + work.rows_read * self.row_read_ns
            + work.rows_returned * self.row_returned_ns
            + work.rows_written * self.row_written_ns
            + work.commits * self.commit_ns
            + work.deadlocks * self.deadlock_timeout_ns
        )
