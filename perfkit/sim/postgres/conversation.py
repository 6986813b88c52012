"""One session of the real server: groups of messages go in, whole answers come out.

Whether an answer is whole is known from what was asked: each message has a kind of answer that ends it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from perfkit.sim.postgres import plans
from perfkit.sim.postgres.backend import Backend
from perfkit.sim.postgres.costs import Work
from perfkit.sim.postgres.messages import NOTHING, STARTUP, TERMINATE, field, message
from perfkit.sim.postgres.passwords import OK, SASL_FINAL
from perfkit.sim.postgres.processes import Processes

if TYPE_CHECKING:
    from perfkit.sim.postgres.backend import Address

PASSWORD = b"p"

_ENDS = {
    STARTUP: b"Z",
    PASSWORD: b"Z",
    b"P": b"1",
    b"B": b"2",
    b"D": b"Tn",
    b"E": b"CIs",
    b"C": b"3",
    b"S": b"Z",
    b"Q": b"Z",
    b"F": b"Z",
}
"""What ends the answer to each kind of message that has one."""

COPY_ENDS = (b"c", b"f")
"""CopyDone, CopyFail."""

_SYNCING = (b"S", b"Q", b"F", STARTUP, PASSWORD)
"""The kinds whose answer goes on after an error, to its end or that of the connection."""

_WRITING = (b"INSERT", b"UPDATE", b"DELETE", b"MERGE")
_DEFINING = (
    b"CREATE",
    b"ALTER",
    b"DROP",
    b"TRUNCATE",
    b"GRANT",
    b"REVOKE",
    b"COMMENT",
    b"REINDEX",
    b"IMPORT",
)
_ENDING = (b"COMMIT", b"PREPARE TRANSACTION")

_LAST_WORDS_S = 2.0


class Conversation:
    """Forwards messages and reads what the real server answers, without the plans among its notices.

    ``out`` collects bytes for the client, ``work`` what they took; take both with ``take()``.
    """

    def __init__(self, server: Address, *, plans_come: bool) -> None:
        self._backend = Backend(server)
        self._plans_come = plans_come
        self._rest = bytearray()
        self._expected: deque[bytes] = deque()
        self._skipping = False  # the server ignores everything up to the next Sync
        self._wrote = self._copied_in = False
        self.out, self.work = bytearray(), Work()
        self.pid, self.is_local = 0, False
        self.idle = False  # outside any transaction, and not waiting for rows of a COPY
        self.copying = False
        self.listening = False
        self.ended = self.closed = False

    def send(self, data: bytes | bytearray, kinds: list[bytes]) -> None:
        """Forward messages of these kinds."""
        self.idle = False
        for kind in kinds:
            if kind in COPY_ENDS:
                self.copying = False
            elif kind in _ENDS and not self.copying:
                self._skipping &= kind != b"S"
                if not self._skipping:
                    self._expected.append(kind)
        self._backend.send(data)

    def read(self, timeout_s: float | None) -> bool:
        """Read until the answer is whole; False if the server paused for so long before it was."""
        while self._expected and not self.copying and not self.ended:
            data = self._backend.receive(timeout_s)
            if data is None:
                return False
            if data:
                self._rest += data
                self._digest()
            else:
                self.ended = True
        return True

    @property
    def copies_simply(self) -> bool:
        """Whether it is in a COPY whose end is answered at once, and not after a Sync."""
        return self.copying and self._expected[0] == b"Q"

    def take(self) -> tuple[bytes, Work]:
        """The answer so far and its work."""
        if not self._plans_come:
            self.work.rows_read = self.work.rows_returned
        taken = bytes(self.out), self.work
        self.out, self.work = bytearray(), Work()
        return taken

    def notifications(self) -> bytes:
        """What an idle session that listens has to tell; it says so when it is asked nothing."""
        out, work = self.out, self.work
        self.out, self.work = bytearray(), Work()
        self.send(NOTHING, [b"Q"])
        self.read(_LAST_WORDS_S)
        said = bytes(self.out)
        self.out, self.work = out, work
        return said.removesuffix(_NOTHING_SAID)

    def finish(self) -> None:
        """Log out, and wait until the server has let go of the session's locks."""
        if not self.closed:
            self._backend.send(TERMINATE)
            self._backend.wait_closed(_LAST_WORDS_S)
        self.close()

    def close(self) -> None:
        """Hang up."""
        self.closed = self.ended = True
        self.idle = self.listening = False
        self._backend.close()

    def _digest(self) -> None:
        rest = self._rest
        start = kept = 0
        while len(rest) - start >= 5:
            end = start + 1 + int.from_bytes(rest[start + 1 : start + 5])
            if end > len(rest):
                break
            kind = rest[start]
            if kind == _ROW:
                self.work.rows_returned += 1
            elif kind == _NOTICE and plans.is_plan(notice := bytes(rest[start + 5 : end])):
                self._count_plan(notice)
                self.out += rest[kept:start]
                kept = end
            elif kind == _ERROR:
                self.out += rest[kept:start] + self._failed(bytes(rest[start + 5 : end]))
                kept = end
            else:
                self._understand(bytes(rest[start : start + 1]), rest, start + 5, end)
            start = end
        self.out += rest[kept:start]
        del rest[:start]

    def _count_plan(self, notice: bytes) -> None:
        read, written = plans.rows(notice)
        self.work.rows_read += read
        self.work.rows_written += written
        self._wrote |= written > 0

    def _understand(self, kind: bytes, data: bytearray, start: int, end: int) -> None:
        """Everything but rows, plans and errors; the body lies from ``start`` to ``end``."""
        if kind == b"C":
            self._completed(bytes(data[start : end - 1]))
        elif kind == b"I" or kind == b"s":
            self.work.statements += 1
        elif kind == b"1":
            self.work.parses += 1
        elif kind == b"Z":
            self.idle = data[start] == _IDLE
            if self.idle:
                self._committed()
        elif kind == b"G" or kind == b"W":
            self._copy_begins()
            return
        elif kind == b"K":
            self.pid = int.from_bytes(data[start : start + 4])
            self.is_local = Processes.is_ours(self.pid, self._backend.port)
            self.work.connections += 1
        elif kind == b"R" and int.from_bytes(data[start : start + 4]) not in (OK, SASL_FINAL):
            self._expected.popleft()
            return
        if self._expected and kind in _ENDS[self._expected[0]]:
            self._expected.popleft()

    def _completed(self, tag: bytes) -> None:
        self.work.statements += 1
        if self._expected and self._expected[0] == b"Q":
            self.work.parses += 1
        word, _, count = tag.partition(b" ")
        rows = int(number) if (number := count.rpartition(b" ")[2]).isdigit() else 0
        if word == b"COPY":
            self._copied(rows)
        elif word in _WRITING:
            self._wrote |= rows > 0
            self.work.rows_written += 0 if self._plans_come else rows
        elif word in _DEFINING:
            self._wrote = True
        elif tag.startswith(_ENDING):
            self._committed()
        elif word == b"ROLLBACK":
            self._wrote = False
        elif word == b"LISTEN":
            self.listening = True

    def _copied(self, rows: int) -> None:
        if self._copied_in:
            self.work.rows_written += rows
            self._wrote |= rows > 0
        else:
            self.work.rows_returned += rows
            self.work.rows_read = max(self.work.rows_read, rows)  # a table's rows are copied without a plan
        self._copied_in = False

    def _copy_begins(self) -> None:
        """The server waits for the client's rows; it ignores a Sync that was sent along."""
        self.copying = self._copied_in = True
        self.idle = False
        front = self._expected[0] if self._expected else b"Q"
        self._expected = deque([front])

    def _committed(self) -> None:
        self.work.commits += self._wrote
        self._wrote = False

    def _failed(self, body: bytes) -> bytes:
        """The error message for the client."""
        self.work.statements += 1
        while self._expected and self._expected[0] not in _SYNCING:
            self._expected.popleft()
        self._skipping = not self._expected
        if field(body, b"C") == _DEADLOCK_DETECTED:
            self.work.deadlocks += 1
            # the detail has numbers of real processes and transactions: their digits would count as bytes
            body = b"\0".join(part for part in body.split(b"\0") if part[:1] != b"D")
        return message(b"E", body)


_ROW, _NOTICE, _ERROR, _IDLE = ord("D"), ord("N"), ord("E"), ord("I")
_DEADLOCK_DETECTED = "40P01"
_NOTHING_SAID = b"I\0\0\0\4Z\0\0\0\5I"
