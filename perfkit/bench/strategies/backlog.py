"""What waits to be sent, first come first served, the items of one key never out of their order."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Hashable, Sequence
from typing import Any


class Waiting:
    """One item that waits: ``number`` is its place among all, ``ripe`` that it has waited long enough."""

    __slots__ = ("answer", "item", "key", "number", "ripe", "since_s")

    def __init__(self, number: int, item: Any, key: Hashable, answer: Any, since_s: float) -> None:
        self.number = number
        self.item = item
        self.key = key
        self.answer = answer
        self.since_s = since_s
        self.ripe = False


class _Lane:
    """The items of one key; ``busy`` while some of them are under way, and the others have to wait."""

    __slots__ = ("busy", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[Waiting] = deque()
        self.busy = False


class Backlog:
    """Items by key. ``free`` are those that may go at once: none of their key is under way.

    The heads of all lanes that are not busy lie in a heap by their number. An entry of the heap counts only
    as long as it is its lane's head, so that taking and dropping need not search.
    """

    def __init__(self) -> None:
        self.free = 0
        self.all = 0
        self._lanes: dict[Hashable, _Lane] = {}
        self._heads: list[tuple[int, _Lane]] = []

    def add(self, waiting: Waiting) -> None:
        """Let an item wait; numbers must grow."""
        lane = self._lanes.get(waiting.key)
        if lane is None:
            lane = self._lanes[waiting.key] = _Lane()
        lane.waiting.append(waiting)
        self.all += 1
        if not lane.busy:
            self.free += 1
            self._offer(lane)

    def oldest(self) -> Waiting | None:
        """Who waits longest of those that may go."""
        while self._heads:
            number, lane = self._heads[0]
            if not lane.busy and lane.waiting and lane.waiting[0].number == number:
                return lane.waiting[0]
            heapq.heappop(self._heads)
        return None

    def take(self, most: int) -> list[Waiting]:
        """Take out up to ``most`` that may go, oldest first. Their keys are busy until ``done``."""
        taken: list[Waiting] = []
        while len(taken) < most and self.oldest() is not None:
            lane = heapq.heappop(self._heads)[1]
            taken.append(lane.waiting.popleft())
            if lane.waiting:
                self._offer(lane)
        self.all -= len(taken)
        self.free -= len(taken)
        for lane in self._of(taken):
            lane.busy = True
            self.free -= len(lane.waiting)
        return taken

    def done(self, taken: Sequence[Waiting]) -> None:
        """What was taken is answered: others of the same keys may go."""
        for lane in self._of(taken):
            lane.busy = False
            self.free += len(lane.waiting)
            self._offer(lane)
        for waiting in taken:
            self._forget(waiting.key)

    def drop(self, waiting: Waiting) -> bool:
        """Take out one that is not wanted any more; False if it is not here."""
        lane = self._lanes.get(waiting.key)
        if lane is None or waiting not in lane.waiting:
            return False
        lane.waiting.remove(waiting)
        self.all -= 1
        if not lane.busy:
            self.free -= 1
            self._offer(lane)
        self._forget(waiting.key)
        return True

    def clear(self) -> list[Waiting]:
        """Take out everything that waits, busy or not, oldest first."""
        left = sorted((each for lane in self._lanes.values() for each in lane.waiting), key=_number)
        for lane in self._lanes.values():
            lane.waiting.clear()
        self.all = self.free = 0
        return left

    def _offer(self, lane: _Lane) -> None:
        if lane.waiting:
            heapq.heappush(self._heads, (lane.waiting[0].number, lane))

    def _of(self, taken: Sequence[Waiting]) -> list[_Lane]:
        if len(taken) == 1:
            return [self._lanes[taken[0].key]]
        return [self._lanes[key] for key in dict.fromkeys([waiting.key for waiting in taken])]

    def _forget(self, key: Hashable) -> None:
        lane = self._lanes.get(key)
        if lane is not None and not lane.waiting and not lane.busy:
            del self._lanes[key]


def _number(waiting: Waiting) -> int:
    return waiting.number
