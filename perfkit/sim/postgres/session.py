"""One client's connection at the gate: its messages in groups, its answers in order."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from perfkit.sim.postgres import messages, plans
from perfkit.sim.postgres.conversation import COPY_ENDS, PASSWORD, Conversation
from perfkit.sim.postgres.costs import Work
from perfkit.sim.postgres.messages import CANCEL_REQUEST, GSS_REQUEST, SSL_REQUEST, STARTUP

if TYPE_CHECKING:
    from contextvars import Context

    from perfkit.sim.postgres.gate import Gate

_NO = b"N"

_ASKING = (STARTUP, PASSWORD, b"Q", b"S", b"F", b"H")
"""The kinds that end a group: the client waits for an answer."""

_TERMINATE = b"X"
_COPY_DATA = b"d"
_MUCH_BYTES = 65_536

_REPEATABLE = ("max_parallel_workers_per_gather=0", "synchronize_seqscans=off", "jit=off")
"""What would let the server's speed or its past into the rows and their order."""

_REPEATABLE_DEADLOCKS = "deadlock_timeout=1ms"
"""Sessions look for a circle as they begin to wait: who closes it finds it. Superusers only."""


@dataclass
class Group:
    """Messages that go to the server together."""

    data: bytearray = field(default_factory=bytearray)
    kinds: list[bytes] = field(default_factory=list)

    def add(self, kind: bytes, message: bytes) -> None:
        """Put a message at the end."""
        self.data += message
        self.kinds.append(kind)

    @property
    def ends_copy(self) -> bool:
        """Whether the rows of a COPY are complete."""
        return bool(self.kinds) and self.kinds[-1] in COPY_ENDS


class Session(asyncio.Protocol):
    """A protocol of the simulated server; its real connection is made when the client introduces itself."""

    _transport: Any

    def __init__(self, gate: Gate, context: Context) -> None:
        self.gate, self.context = gate, context
        self._messages = messages.ClientMessages()
        self._group = Group()
        self._groups: deque[Group] = deque()
        self._conversation: Conversation | None = None
        self._busy = False
        self.waits_for_server = False

    @property
    def pid(self) -> int:
        """The process of the real server that serves it; 0 before there is one."""
        return self._conversation.pid if self._conversation is not None else 0

    @property
    def is_local(self) -> bool:
        """Whether that process runs on this machine and can be held up."""
        return self._conversation is not None and self._conversation.is_local

    # From the client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        self._transport = transport
        self.gate.sessions[self] = None

    def data_received(self, data: bytes) -> None:
        """Bytes of a client have arrived."""
        for kind, message in self._messages.feed(data):
            if kind == STARTUP and messages.code_of(message) in (SSL_REQUEST, GSS_REQUEST):
                self._transport.write(_NO)
            elif kind == STARTUP and messages.code_of(message) == CANCEL_REQUEST:
                self.gate.cancel(message)
                self._transport.close()
            else:
                self._add(kind, message)

    def _add(self, kind: bytes, message: bytes) -> None:
        self._group.add(kind, message)
        if kind in _ASKING or kind == _TERMINATE:
            self._submit()
        elif kind in COPY_ENDS:
            self._submit_copied()
        elif kind == _COPY_DATA and len(self._group.data) > _MUCH_BYTES and not self._busy:
            self._forward()

    def _forward(self) -> None:
        """Rows of a COPY go to the server as they come: it has nothing to say to them."""
        if self._conversation is not None and self._conversation.copying:
            self._conversation.send(self._group.data, self._group.kinds)
            self._group = Group()

    def _submit_copied(self) -> None:
        """The rows are complete; a client that does not wait for the server to want them may be too early."""
        simply = self._conversation is not None and self._conversation.copies_simply
        if simply and not self._busy and self._group.ends_copy:
            self._submit()

    def _submit(self) -> None:
        self._groups.append(self._group)
        self._group = Group()
        if not self._busy:
            self._busy = True
            self.gate.submit(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone: its session ends after what it has asked for."""
        if self in self.gate.sessions:
            self._group = Group()
            self._add(_TERMINATE, b"")

    # For the gate

    def begin(self) -> None:
        """Send the next group to the real server."""
        group = self._groups.popleft()
        if group.kinds[-1] == _TERMINATE:
            self._end()
            return
        if group.kinds[0] == STARTUP:
            self._connect(group)
        self.waits_for_server = True
        if self._conversation is not None:
            self._conversation.send(group.data, group.kinds)

    def _connect(self, group: Group) -> None:
        control = self.gate.control
        asked = bytes(group.data)
        superuser = control.is_superuser(messages.parameters(asked).get("user", ""))
        explained = superuser and self.gate.plans_come
        settings = (
            *_REPEATABLE,
            *[_REPEATABLE_DEADLOCKS] * superuser,
            *(plans.SETTINGS if explained else ()),
        )
        group.data = bytearray(messages.with_options(asked, settings))
        self._conversation = Conversation(control.address, plans_come=explained)

    def read(self, timeout_s: float) -> bool:
        """Read the answer; False if it is not whole after a pause of ``timeout_s`` REAL seconds."""
        whole = self._conversation is None or self._conversation.read(timeout_s)
        self.waits_for_server = not whole
        return whole

    def take(self) -> tuple[bytes, Work]:
        """The answer and the work it took."""
        return (b"", Work()) if self._conversation is None else self._conversation.take()

    def deliver(self, answer: bytes) -> None:
        """Give an answer to the client."""
        if answer:
            self._transport.write(answer)
        if self._conversation is not None and self._conversation.ended:
            self._end()

    def go_on(self) -> None:
        """The answer has left: turn to the next group."""
        self._busy = bool(self._groups) and self in self.gate.sessions
        if self._busy:
            self.gate.submit(self)
        else:
            self._submit_copied()

    @property
    def listens(self) -> bool:
        """Whether the server may have something to tell without being asked."""
        return self._conversation is not None and self._conversation.listening

    def tell(self) -> None:
        """Pass on what the server has to tell an idle session: notifications."""
        if not self._busy and self._conversation is not None and self._conversation.idle:
            self._transport.write(self._conversation.notifications())

    def _end(self) -> None:
        self.hang_up()
        self.gate.sessions.pop(self, None)
        self._transport.close()

    def hang_up(self) -> None:
        """Log out of the real server, whatever the client does."""
        if self._conversation is not None:
            self._conversation.finish()
