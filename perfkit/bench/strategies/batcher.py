"""Calls for one item each, sent together in batches."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextvars import copy_context
from types import TracebackType
from typing import Any, Generic, TypeVar

from perfkit.bench.strategies.backlog import Backlog, Waiting
from perfkit.errors import ScenarioError, UsageError

T = TypeVar("T")
R = TypeVar("R")


class Batcher(Generic[T, R]):
    """Collects items and sends them in batches; each caller gets its own item's answer.

    ``send(items)`` returns an answer for each item, in their order; an answer that is an exception is raised
    for its caller, and an exception of ``send`` itself for all of that batch. A batch leaves when
    ``max_items`` wait or ``max_wait_s`` seconds after the first of them came, as soon as fewer than
    ``in_flight`` are under way. Meanwhile items wait, oldest first; more than ``max_waiting`` of them hold
    their callers back.

    With ``key(item)`` the items of one key keep their order: they go in one batch, or the later ones wait
    until the batch of the earlier ones is answered.

    A caller that is cancelled takes its item back if it has not been sent. Leaving the ``async with`` block
    sends what is left and waits for all answers, or cancels everything if the block itself has failed. Make
    it where its batches belong in a trace: their spans hang below the span that is open then.

    >>> async def send(items):
    ...     return [len(items) * item for item in items]
    >>> async def main():
    ...     async with Batcher(send, max_items=2) as batcher:
    ...         return await asyncio.gather(batcher.call(10), batcher.call(20))
    >>> asyncio.run(main())
    [20, 40]
    """

    def __init__(
        self,
        send: Callable[[Sequence[T]], Awaitable[Sequence[R | BaseException]]],
        *,
        max_items: int = 50,
        max_wait_s: float = 1.0,
        in_flight: int = 10,
        key: Callable[[T], Hashable] | None = None,
        max_waiting: int | None = None,
    ) -> None:
        for name, most in (("max_items", max_items), ("in_flight", in_flight), ("max_waiting", max_waiting)):
            if most is not None and most < 1:
                raise UsageError(f"a batcher's {name} must be 1 or more, not {most}")
        if not 0 <= max_wait_s < math.inf:
            raise UsageError(f"a batcher's max_wait_s must be 0 or more and finite, not {max_wait_s}")
        self.max_items, self.max_wait_s, self.in_flight = max_items, max_wait_s, in_flight
        self.max_waiting = max_waiting
        self._send, self._key = send, key
        self._context = copy_context()
        self._backlog = Backlog()
        self._held_back: deque[asyncio.Future[None]] = deque()
        self._under_way: dict[asyncio.Task[None], None] = {}
        self._timer: tuple[asyncio.TimerHandle, Waiting] | None = None
        self._count = 0
        self._let_on = 0
        self._closed = False

    @property
    def waiting(self) -> int:
        """Items that have not been sent."""
        return self._backlog.all

    @property
    def under_way(self) -> int:
        """Batches that have not been answered."""
        return len(self._under_way)

    async def call(self, item: T) -> R:
        """Have ``item`` sent in a batch and return its answer. Raises UsageError once it is closed."""
        if self.max_waiting is not None and (self._held_back or not self._has_room()):
            await self._room()
        waiting = self._add(item)
        try:
            answer: R = await waiting.answer
        except asyncio.CancelledError:
            if self._backlog.drop(waiting):
                self._go_on()
            raise
        return answer

    def submit(self, item: T) -> asyncio.Future[R]:
        """The same without waiting: a future of the item's answer, and no back-pressure.

        An item whose future has been cancelled is not sent.
        """
        answer: asyncio.Future[R] = self._add(item).answer
        return answer

    async def aclose(self, *, send: bool = True) -> None:
        """Take no more items, send what waits at once and return when all is answered.

        Without ``send`` what waits is refused with UsageError, and what is under way cancelled.
        """
        self._closed = True
        if not send:
            for waiting in self._backlog.clear():
                _settle(waiting, UsageError("this batcher was closed before the item was sent"))
            for task in list(self._under_way):
                task.cancel()
        self._go_on()
        while self._under_way:
            await asyncio.wait(list(self._under_way))

    async def __aenter__(self) -> Batcher[T, R]:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        await self.aclose(send=error is None)

    def _add(self, item: T) -> Waiting:
        if self._closed:
            raise UsageError("this batcher is closed: call it inside its block, or make another")
        loop = asyncio.get_running_loop()
        self._count += 1
        key = self._count if self._key is None else self._key(item)
        waiting = Waiting(self._count, item, key, loop.create_future(), loop.time())
        self._backlog.add(waiting)
        self._go_on()
        return waiting

    # Back-pressure

    def _has_room(self) -> bool:
        return self.max_waiting is None or self._backlog.all + self._let_on < self.max_waiting

    async def _room(self) -> None:
        """Wait for a place, which is kept for the caller from the moment it is woken."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._held_back.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn in self._held_back:
                self._held_back.remove(turn)
            elif not turn.cancelled():  # the place was its own already
                self._let_on -= 1
                self._wake()
            raise
        self._let_on -= 1

    def _wake(self) -> None:
        while self._held_back and (self._closed or self._has_room()):
            turn = self._held_back.popleft()
            if not turn.done():
                self._let_on += 1
                turn.set_result(None)

    # Sending

    def _go_on(self) -> None:
        """Send what may go now, and set the timer for what may go later."""
        while len(self._under_way) < self.in_flight and (oldest := self._backlog.oldest()) is not None:
            if not self._due(oldest):
                break
            self._dispatch(self._backlog.take(self.max_items))
        else:
            oldest = None
        self._set_timer(oldest)
        self._wake()

    def _due(self, oldest: Waiting) -> bool:
        if self._closed or oldest.ripe or self._backlog.free >= self.max_items:
            return True
        return asyncio.get_running_loop().time() >= oldest.since_s + self.max_wait_s

    def _set_timer(self, oldest: Waiting | None) -> None:
        if self._timer is not None:
            if self._timer[1] is oldest:
                return
            self._timer[0].cancel()
            self._timer = None
        if oldest is not None:
            when_s = oldest.since_s + self.max_wait_s
            self._timer = (asyncio.get_running_loop().call_at(when_s, self._ripened, oldest), oldest)

    def _ripened(self, oldest: Waiting) -> None:
        oldest.ripe = True  # a real loop may call a trifle before the time
        self._timer = None
        self._go_on()

    def _dispatch(self, batch: list[Waiting]) -> None:
        wanted = [waiting for waiting in batch if not waiting.answer.done()]
        if not wanted:
            self._backlog.done(batch)
            return
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._answer(wanted), context=self._context.copy())
        self._under_way[task] = None
        task.add_done_callback(lambda task: self._answered(task, batch))

    async def _answer(self, batch: list[Waiting]) -> None:
        answers = await self._send([waiting.item for waiting in batch])
        if len(answers) != len(batch):
            raise ScenarioError(
                f"send() returned {len(answers)} answers for a batch of {len(batch)} items; it must return "
                "one for each, in their order"
            )
        for waiting, answer in zip(batch, answers, strict=True):
            _settle(waiting, answer)

    def _answered(self, task: asyncio.Task[None], batch: list[Waiting]) -> None:
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is not None:
            for waiting in batch:
                _settle(waiting, error)
        del self._under_way[task]
        self._backlog.done(batch)
        self._go_on()


def _settle(waiting: Waiting, answer: Any) -> None:
    future: asyncio.Future[Any] = waiting.answer
    if future.done():  # its caller has gone
        return
    if isinstance(answer, asyncio.CancelledError):
        future.cancel()
    elif isinstance(answer, BaseException):
        future.set_exception(answer)
    else:
        future.set_result(answer)
