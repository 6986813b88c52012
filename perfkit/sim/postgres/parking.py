"""Sessions that wait for a lock of another session: who waits for whom, and who runs on when.

Between two moments of virtual time every parked session is really blocked by another; so the server does
nothing then, and what it has done does not depend on how fast it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from perfkit.errors import SimulationError
from perfkit.sim.postgres.backend import Backend
from perfkit.sim.postgres.processes import Processes

if TYPE_CHECKING:
    from perfkit.sim.postgres.control import Control
    from perfkit.sim.postgres.session import Session

_FIRST_LOOK_S, _LAST_LOOK_S = 0.005, 0.5
"""How long a silent session is waited for before the server is asked why, at first and at most."""

_SLOW_S = 0.3
"""After so long a silence nobody is held up any more, lest that is its reason."""

_FOREIGN_LOCK_S = 30.0
_CANCEL_S = 5.0


class Parking:
    """The parked sessions of one gate, in the order in which they began to wait."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._parked: dict[Session, set[int]] = {}
        self._followers: dict[Session, list[Session]] = {}
        self._processes = Processes()
        control.when_silent(_SLOW_S, self._processes.let_all_on)
        self.total = 0

    def run(self, session: Session) -> list[Session]:
        """Let a session's next group run until it is answered or the session is parked.

        Returns those that run on at once; those that run on after the answer are ``followers`` then.
        """
        self._hold(self._parked)
        try:
            session.begin()
            let_go = self._settle(session if self._read(session) else None)
        finally:
            self._processes.let_all_on()
        return let_go

    def is_parked(self, session: Session) -> bool:
        """Whether it waits for a lock."""
        return session in self._parked

    def followers(self, session: Session) -> list[Session]:
        """Those that run on now that the session's answer has left."""
        return self._followers.pop(session, [])

    def _read(self, session: Session) -> bool:
        """Read a session's answer; False if it is parked now instead."""
        timeout_s, waited_s = _FIRST_LOOK_S, 0.0
        while not session.read(timeout_s):
            waited_s += timeout_s
            timeout_s = min(2 * timeout_s, _LAST_LOOK_S)
            if waited_s > _SLOW_S:
                self._processes.let_all_on()
            waits = self._control.blockers({session.pid, *(parked.pid for parked in self._parked)})
            blockers = waits[session.pid]
            if _in_circle(session.pid, waits):
                continue  # the server ends it
            if any(other.pid in blockers for other in session.gate.sessions):
                self.total += session not in self._parked
                self._parked[session] = blockers
                self._hold([session])
                return False
            if blockers and waited_s > _FOREIGN_LOCK_S:
                raise SimulationError(
                    f"a statement waits for a lock that server process {min(blockers)} holds, which is "
                    "no session of the simulation: end what else uses this database"
                )
        self._parked.pop(session, None)
        return True

    def _settle(self, leader: Session | None) -> list[Session]:
        """Let those that are blocked no more run on, one at a time; those that run on before any answer.

        One that waited for another of them follows that one, the others follow ``leader``.
        """
        let_go: dict[Session, set[int]] = {}
        while self._parked and (free := self._first_free()):
            waited_for = self._parked[free]
            self._processes.let_on(free.pid)
            if self._read(free):
                let_go[free] = waited_for
        at_once: list[Session] = []
        for session, waited_for in let_go.items():
            earlier = list(let_go)[: list(let_go).index(session)]
            ahead = [other for other in earlier if other.pid in waited_for]
            follows = ahead[-1] if ahead else leader
            (at_once if follows is None else self._followers.setdefault(follows, [])).append(session)
        return at_once

    def _first_free(self) -> Session | None:
        """Who is blocked no more and parked longest; of the others it is noted whom they wait for now."""
        waits = self._control.blockers(session.pid for session in self._parked)
        self._parked = {session: waits[session.pid] or before for session, before in self._parked.items()}
        return next((session for session in self._parked if not waits[session.pid]), None)

    def cancel(self, request: bytes) -> list[Session]:
        """Hand over a cancel request for a parked session; returns those that run on at once."""
        pid = int.from_bytes(request[8:12])
        asked = [session for session in self._parked if session.pid == pid]
        if not asked:  # the server would be asked to cancel nothing, and might cancel what comes next
            return []
        self._hold(session for session in self._parked if session not in asked)
        try:
            self._deliver(request)
            ended = [session for session in asked if session.read(_CANCEL_S)]
            for session in ended:
                del self._parked[session]
            return ended + self._settle(None)
        finally:
            self._processes.let_all_on()

    def _deliver(self, request: bytes) -> None:
        sender = Backend(self._control.address)
        sender.send(request)
        sender.wait_closed(_CANCEL_S)
        sender.close()

    def _hold(self, sessions: Iterable[Session]) -> None:
        """What comes now may let several of them go: they shall not race."""
        self._processes.hold(session.pid for session in sessions if session.is_local)


def _in_circle(pid: int, waits: dict[int, set[int]]) -> bool:
    """Whether a process waits for itself in the end."""
    seen: set[int] = set()
    ahead = list(waits[pid])
    while ahead:
        other = ahead.pop()
        if other not in seen:
            seen.add(other)
            ahead.extend(waits.get(other, ()))
    return pid in seen
