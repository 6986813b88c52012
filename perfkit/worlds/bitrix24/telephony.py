"""State of the telephony methods: calls that are going on, those that ended, and outside lines."""

from __future__ import annotations

from msgspec import Struct

REPEATED_S = 1800
"""For how long a call registered again, with the same keys, keeps its CALL_ID (documented: 30 minutes)."""

_ODD = 0x9E3779B97F4A7C15F39CC0605CEDC835
"""An odd number: multiplied by it modulo 2**128, different numbers stay different and look random."""


class ExternalCall(Struct):
    """A call of an outside telephone exchange, from ``register`` on. ``shown_to`` are users with its card."""

    call_id: str
    key: tuple[str, ...]
    registered_s: float
    user: int
    phone: str
    kind: int
    line: str
    external_id: str
    started_s: int
    entity_type: str | None = None
    entity_id: int | None = None
    created_lead: int | None = None
    shown_to: list[int] = []


class FinishedCall(Struct):
    """A row of the statistics: what ``finish`` made of a call."""

    number: int
    call: ExternalCall
    user: int
    duration_s: int
    code: str
    reason: str
    vote: int | None
    cost: float
    currency: str
    activity: int | None = None
    record_url: str | None = None
    record_file: int | None = None
    transcript: int | None = None


class Line(Struct):
    """An outside line of an application; ``creates``: outgoing calls over it may make leads."""

    identity: int
    number: str
    name: str
    creates: bool


class Telephony:
    """The calls and lines of one portal. ``finished`` are its statistics, in order.

    A call that is finished is forgotten but for its row there.
    """

    def __init__(self, seed: int = 1) -> None:
        self.seed = seed
        self.finished: list[FinishedCall] = []
        self.transcripts = 0
        self._lines: dict[tuple[str, str], Line] = {}
        self._lines_added = 0
        self._going_on: dict[str, ExternalCall] = {}
        self._by_key: dict[tuple[str, ...], ExternalCall] = {}
        self._ended: dict[str, FinishedCall] = {}
        self._registered = 0

    def repeated(self, key: tuple[str, ...], now_s: float) -> ExternalCall | None:
        """The call registered under ``key`` in the last 30 minutes, if it is still going on."""
        call = self._by_key.get(key)
        return call if call is not None and now_s - call.registered_s < REPEATED_S else None

    def new_call_id(self, now_s: float) -> str:
        """An identifier that no other call has, the same in every run."""
        self._registered += 1
        mixed = (self._registered + (self.seed << 64)) * _ODD % 2**128
        return f"externalCall.{mixed:032x}.{int(now_s)}"

    def register(self, call: ExternalCall) -> None:
        """Remember a call that began."""
        self._going_on[call.call_id] = call
        self._by_key[call.key] = call

    def going_on(self, call_id: str) -> ExternalCall | None:
        """The registered call that has not been finished."""
        return self._going_on.get(call_id)

    def finish(self, finished: FinishedCall) -> None:
        """Move a call into the statistics."""
        call = finished.call
        del self._going_on[call.call_id]
        if self._by_key.get(call.key) is call:
            del self._by_key[call.key]
        self.finished.append(finished)
        self._ended[call.call_id] = finished

    def ended(self, call_id: str) -> FinishedCall | None:
        """The statistics' row of a call."""
        return self._ended.get(call_id)

    def line(self, owner: str, number: str) -> Line | None:
        """A line of the application ``owner``."""
        return self._lines.get((owner, number))

    def lines_of(self, owner: str) -> list[Line]:
        """The lines of an application, oldest first."""
        return [line for (whose, _), line in self._lines.items() if whose == owner]

    def add_line(self, owner: str, number: str, name: str, *, creates: bool) -> Line:
        """A new line of ``owner``."""
        self._lines_added += 1
        line = self._lines[owner, number] = Line(self._lines_added, number, name, creates)
        return line

    def delete_line(self, owner: str, number: str) -> None:
        """Forget a line that is there."""
        del self._lines[owner, number]
