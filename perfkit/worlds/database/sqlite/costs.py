"""What a statement costs at the modelled server."""

from __future__ import annotations

from dataclasses import dataclass, fields

from perfkit.errors import UsageError


@dataclass(frozen=True)
class SqliteCosts:
    """A statement takes ``statement_ns`` + steps x ``step_ns`` + rows returned x ``row_ns``.

    The end of a transaction that has written takes ``commit_ns`` more. Connecting takes ``connect_trips``
    round trips and ``connect_ns``.

    Steps are those of SQLite's virtual machine; they depend on its version and plan. The defaults are those
    of ``perfkit.sim.postgres.Costs``, which are measured: a statement is parsed and run, a row of a scan with
    a filter, 25 ns there, is 3 steps here. Drivers of PostgreSQL connect by TCP's handshake, a question
    for TLS and the start-up message: three trips, without a password.
    """

    statement_ns: int = 30_000
    step_ns: int = 8
    row_ns: int = 50
    commit_ns: int = 1_000_000
    connect_trips: int = 3
    connect_ns: int = 1_500_000

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if not isinstance(value, int) or value < 0:
                raise UsageError(f"{each.name}={value!r}: give a whole number, 0 or more")

    def service_ns(self, steps: int, rows: int, *, committed: bool) -> int:
        """How long a worker of the server is busy.

        >>> SqliteCosts(10, 2, 3, 100).service_ns(steps=5, rows=4, committed=False)
        32
        """
        work_ns = self.statement_ns + steps * self.step_ns + rows * self.row_ns
        return work_ns + (self.commit_ns if committed else 0)
