"""The gate through which virtual time reaches a real PostgreSQL.

A client's messages arrive at the gate when its link has carried them. A *group*, up to the message that asks
for an answer, goes to the real server when a worker is free, and the virtual clock stands still while that
works. Then the group's service time passes, a function of what was done (``Costs``), and the answer goes back
over the link. Groups run one at a time in order of arrival, so the server's state is the same in every run.

A session that waits for another's lock is *parked*: it holds no worker while time goes on, and runs on when
an answer of another session ends its wait. The server says itself who waits for whom, and is asked only
then.

Not modelled: timeouts inside the server (statement_timeout, lock_timeout, ...) and pg_sleep() run in real
time; now() is the real date; the work of autovacuum and checkpoints; TLS. A statement can be cancelled
while it is parked; otherwise it runs to its end. A deadlock costs ``deadlock_timeout_ns``, and its victim
is the session that closes the circle. Who waits for the same row gets it in order of arrival where the
server's processes can be held up for a moment (Linux, a server on this machine, of the same user or for
root); elsewhere the server decides, and with three or more in a queue not always alike. Locks between
sessions of two gates are not followed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from contextvars import copy_context
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

from perfkit.errors import SimulationError
from perfkit.sim.postgres.control import Control
from perfkit.sim.postgres.costs import Costs, Work
from perfkit.sim.postgres.numbering import statements_numbered_anew
from perfkit.sim.postgres.parking import Parking
from perfkit.sim.postgres.session import Session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from perfkit.sim.loop import VirtualLoop
    from perfkit.sim.postgres.backend import Address


class Gate:
    """A simulated PostgreSQL server in front of a real one; ``serve_postgres`` makes it."""

    def __init__(self, loop: VirtualLoop, server: str | Address, costs: Costs) -> None:
        self.costs = costs
        self.control = Control(server)
        self.plans_come = self.control.can_explain()
        """Whether rows read are those of the executed plans; otherwise they are those returned."""
        self.sessions: dict[Session, None] = {}
        self._loop = loop
        self._listeners: dict[Session, None] = {}
        self._parking = Parking(self.control)
        self._queue: deque[tuple[Session, Callable[[Session], None]]] = deque()
        self._busy = 0
        self._total = Work()

    def counters(self) -> dict[str, int]:
        """What the server has done so far: connections, statements, rows, commits, lock waits ..."""
        return {**asdict(self._total), "lock_waits": self._parking.total}

    # Work comes, waits for a worker, and is done

    def submit(self, session: Session) -> None:
        """A session has a group to run, or one to end that the real server has run."""
        self._enqueue(session, self._run)

    def _enqueue(self, session: Session, step: Callable[[Session], None]) -> None:
        self._queue.append((session, step))
        self._start()

    def _start(self) -> None:
        workers = self.costs.workers
        while self._queue and (workers is None or self._busy < workers):
            session, step = self._queue.popleft()
            self._busy += 1
            try:
                step(session)
            except BaseException:
                self._busy -= 1
                raise

    def _run(self, session: Session) -> None:
        for freed in self._parking.run(session):
            self._enqueue(freed, self._serve)
        if self._parking.is_parked(session):
            self._busy -= 1
        else:
            self._serve(session)

    def _serve(self, session: Session) -> None:
        """The real server is done: let the service time pass."""
        answer, work = session.take()
        self._total.add(work)
        when_ns = self._loop.now_ns + self.costs.service_ns(work)
        self._loop.at_ns(when_ns, self._done, (session, answer), session.context)

    def _done(self, session: Session, answer: bytes) -> None:
        self._busy -= 1
        session.deliver(answer)
        session.go_on()
        if session.listens:
            self._listeners[session] = None
        self._tell_listeners()
        for freed in self._parking.followers(session):
            self._enqueue(freed, self._serve)
        self._start()

    def _tell_listeners(self) -> None:
        for listener in list(self._listeners):
            if listener.listens:
                listener.tell()
            else:
                del self._listeners[listener]

    def cancel(self, request: bytes) -> None:
        """A client wants a statement cancelled. One that is not parked is done as far as the server knows."""
        for freed in self._parking.cancel(request):
            self._enqueue(freed, self._serve)

    def close(self) -> None:
        """Close all real connections, whatever their sessions do."""
        with contextlib.suppress(SimulationError):
            self.control.terminate([session.pid for session in self.sessions if session.waits_for_server])
        for session in self.sessions:
            session.hang_up()
        self.sessions.clear()
        self.control.close()


@contextlib.asynccontextmanager
async def serve_postgres(
    host: str, port: int, *, server: str | Address, costs: Costs | None = None
) -> AsyncIterator[Gate]:
    """Let the real PostgreSQL ``server`` answer on a host of the running simulation.

    ``server`` is a URL, or (ip, port) for "postgres" without a password. That user asks about locks; sessions
    tell how many rows their statements read where both it and their own user are superusers (``plans_come``).
    Clients log in as themselves, and what they send reaches the server as it is, but for settings of the
    session that make it repeatable. TLS ends before the gate: a client is told that there is none. psycopg is
    simulated meanwhile; asyncpg needs no help.

    Raises SimulationError if the real server cannot be reached, or outside a simulation.

    >>> async def main():
    ...     async with serve_postgres("db.test", 5432, server="postgresql://ann@127.0.0.1:5433/shop") as gate:
    ...         connection = await asyncpg.connect("postgresql://ann@db.test/shop")
    """
    from perfkit.sim.loop import VirtualLoop
    from perfkit.sim.postgres.psycopg_patch import patched_psycopg

    loop = cast("Any", asyncio.get_running_loop())
    if not isinstance(loop, VirtualLoop):
        raise SimulationError("serve_postgres() needs a running simulation: see perfkit.sim.run")
    gate = Gate(loop, server, costs or Costs())
    try:
        listening = await loop.create_server(lambda: Session(gate, copy_context()), host, port)
        with patched_psycopg(), statements_numbered_anew():
            try:
                yield gate
            finally:
                listening.close()
                listening.abort_clients()
    finally:
        gate.close()
