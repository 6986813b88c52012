"""A recording: takes the spans of everything that runs inside it, and gives them back as a Trace.

Spans are stored when they start, so a crash loses none: what had not ended is closed when the recording is.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter, deque
from collections.abc import Callable, Hashable
from threading import get_ident
from types import TracebackType
from typing import Any
from weakref import WeakKeyDictionary, ref

from perfkit.errors import UsageError
from perfkit.model.profile import Profile
from perfkit.model.trace import HostFacts, Trace
from perfkit.tracing import tasks
from perfkit.tracing.clocks import Clock, current_clock
from perfkit.tracing.following import follow_threads
from perfkit.tracing.freezing import UNFINISHED, freeze
from perfkit.tracing.open_spans import OpenSpan, Place, Root, Thread
from perfkit.tracing.own_cost import own_cost_ns
from perfkit.tracing.scopes import active, current, follow_whole_process, innermost
from perfkit.tracing.timings import Timing, timings

DEFAULT_MAX_SPANS = 1_000_000
"""About 200 MB; the newest are kept, and the number of those dropped is stated."""

READING_INTERVAL_NS = 1_000_000
"""Between two looks at a thread's processor clock, which cost half a microsecond each: half a thousandth."""

MAX_READINGS = 20_000
"""For each thread; beyond it every other one is dropped and the interval doubled."""

_task_keys: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
_next_task_key = itertools.count(1).__next__
_NOT_COUNTED = ("allow",)

explaining: list[Recording] = []
"""Those of the recordings under way that want query plans. Empty: no probe asks for any."""


class Recording:
    """Takes spans from ``with`` (or ``async with``) to its end, through tasks and threads that start inside.

    ``clock`` replaces the clock in force; ``hosts`` are facts that rules may use; of more than ``max_spans``
    the newest are kept. ``whole_process`` also takes spans of threads that know of no recording;
    ``keep_values`` lets probes keep parameter values, which may be secrets; ``explain`` lets them ask the
    database for the plan of each SELECT, once per template. ``explained`` are those that were asked for,
    ``unexplained`` counts by exception those that could not be, ``explaining_ns`` is the time it took.
    Entering it again, once it has ended, starts anew. Before it is entered its trace is empty.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        hosts: list[HostFacts] | None = None,
        max_spans: int = DEFAULT_MAX_SPANS,
        whole_process: bool = False,
        keep_values: bool = False,
        explain: bool = False,
    ) -> None:
        self.closed = True
        self.keep_values = keep_values
        self._explain = explain
        self.probes: list[str] = []
        self._clock = clock
        self._hosts = hosts or []
        self._max_spans = max_spans
        self._whole_process = whole_process
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.clock = self._clock or current_clock()
        self.now_ns = self.clock.now_ns
        self.warnings: list[str] = []
        self.profiles: list[Profile] = []
        self.places: dict[int, Place] = {}
        self._tasks: dict[int, Place] = {}
        self._watched: dict[int, ref[Any]] = {}
        self._threads: list[Thread] = []
        self._spans: deque[OpenSpan] = deque()
        self.append: Callable[[OpenSpan], None] = self._spans.append
        self._dropped = 0
        self._elsewhere: Counter[str] = Counter()
        self.explain = self._explain
        self.explained: set[Hashable] = set()
        self.unexplained: Counter[str] = Counter()
        self.explaining_ns = 0
        self._outer: Recording | None = None
        self._finished: Trace | None = None
        self._start_ns = self._end_ns = 0

    def __enter__(self) -> Recording:
        if not self.closed:
            raise UsageError("this recording is under way already; make another one to record inside it")
        self._begin_anew()
        self.closed = False
        self._before = current.get()
        outer = innermost()
        if outer.place is not None:
            self._outer = outer.place.recording
            if self._outer.clock == self.clock:
                self.append = self._take_and_hand_on
                self.explain |= self._outer.explain
        self._root = Root("recording", parent=outer)
        self._root.place = self.new_place()
        current.set(self._root)
        active.append(self)
        if self.explain:
            explaining.append(self)
        follow_threads()
        if self._whole_process:
            self._whole_before = follow_whole_process(self._root)
        self._start_ns = now = self.now_ns()
        self.read_processor_clock(self._root.place.thread, now)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.closed:
            return
        self._end_ns = now = self.now_ns()
        self.closed = True
        if self._whole_process:
            before = follow_whole_process(self._whole_before)
            if before is not self._root:  # another one began since, and goes on
                follow_whole_process(before)
        here = self.places.get(get_ident())
        if here is not None:
            self.read_processor_clock(here.thread, now)
        active.remove(self)
        self._stop_explaining()
        follow_threads()
        self._end_all(now)
        self._leave_context()
        if self._outer is not None and self._outer.clock != self.clock:
            self._outer._elsewhere[self.clock.kind] += len(self._spans) + self._dropped
            self._outer._elsewhere.update(self._elsewhere)

    async def __aenter__(self) -> Recording:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def _take_and_hand_on(self, span: OpenSpan) -> None:
        self._spans.append(span)
        outer = self._outer
        while outer is not None and outer.closed:
            outer = outer._outer
        if outer is not None and outer.clock == self.clock:
            outer.append(span)

    def abandon(self) -> None:
        """End it without a trace: in a forked process, where what is open goes on in the parent."""
        self.closed = True
        if self in active:
            active.remove(self)
        self._stop_explaining()
        self._end_all(self._start_ns)
        self._spans.clear()

    def _stop_explaining(self) -> None:
        if self in explaining:
            explaining.remove(self)

    def _end_all(self, now: int) -> None:
        self._root.end_ns = now
        for span in list(self._spans):
            if span.end_ns < 0:
                span.end_ns, span.held = now, UNFINISHED
        ended = Recording(clock=self.clock)
        ended.append = self.append = _nowhere
        for place in (*self.places.values(), *self._tasks.values()):
            # a thread may live on in a span of this recording: it must neither record nor hold on to it
            place.recording, place.append = ended, _nowhere

    def _leave_context(self) -> None:
        scope: OpenSpan | None = current.get()
        while scope is not None and scope is not self._root and scope.end_ns >= 0:
            scope = scope.parent
        if scope is self._root:
            current.set(self._before)

    def new_place(self) -> Place:
        """The place of the thread that runs here, outside of any task."""
        interval_ns = READING_INTERVAL_NS if self.clock.kind == "wall" else 0
        thread = Thread(get_ident(), interval_ns)
        self._threads.append(thread)
        place = self.places[thread.ident] = Place(self, thread, 0)
        return place

    def place_of_task(self) -> Place:
        """The place of the task that runs here, or of the thread where none does."""
        loop = tasks.running_loop()
        if loop is not None:
            task = tasks.task_in(loop)
            if task is not None:
                return self._tasks.get(id(task)) or self._new_task(task)
        return self.places.get(get_ident()) or self.new_place()

    def _new_task(self, task: Any) -> Place:
        thread = (self.places.get(get_ident()) or self.new_place()).thread
        key, places, watched = id(task), self._tasks, self._watched
        number = _task_keys.get(task)
        if number is None:
            number = _task_keys[task] = _next_task_key()
        place = places[key] = Place(self, thread, number)

        def gone(_: object) -> None:
            places.pop(key, None)
            watched.pop(key, None)

        watched[key] = ref(task, gone)
        return place

    def read_processor_clock(self, thread: Thread, now: int) -> int:
        """Note what processor time the running thread, ``thread``, has used; and keep to the limit.

        Returns the moment when that was done: a span that starts then has none of it inside.
        """
        if not thread.interval_ns:
            self._limit()
            return now
        thread.readings += (now, time.thread_time_ns())
        if len(thread.readings) > 2 * MAX_READINGS:
            kept = thread.readings
            thread.readings = [kept[i] for i in range(len(kept)) if i % 4 < 2]
            thread.interval_ns *= 2
        self._limit()
        now = self.now_ns()
        thread.due_ns = now + thread.interval_ns
        return now

    def _limit(self) -> None:
        while len(self._spans) > self._max_spans:
            self._spans.popleft()
            self._dropped += 1
        if self._outer is not None:
            self._outer._limit()

    @property
    def trace(self) -> Trace:
        """The spans so far, numbered from 1 in order of their start.

        A copy while the recording lasts: later spans do not change it. Afterwards always the same one.
        """
        if self._finished is not None:
            return self._finished
        self._limit()
        end_ns = self._end_ns if self.closed else self.now_ns()
        threads, cpu_ns = self._processor_readings()
        spans = list(self._spans)
        if self.closed:
            self._spans.clear()
        made = Trace(
            self.clock.kind,
            self._start_ns,
            end_ns,
            freeze(spans, threads),
            self._hosts,
            self.probes,
            self._dropped,
            [*self.warnings, *self._own_warnings()],
            cpu_ns=cpu_ns,
        )
        made.tracing_ns = own_cost_ns(made) + self.explaining_ns if self.clock.kind == "wall" else 0
        self.complete(made)
        if self.closed:
            self._finished = made
        return made

    def _processor_readings(self) -> tuple[dict[int, list[int]], int]:
        """For each thread the readings of its processor clock, and what all have used (-1: unknown)."""
        clocks: dict[int, list[tuple[int, int]]] = {}
        keys = {}
        for thread in self._threads:
            if thread.readings:
                # a thread that has ended, whose number is negative, may have left its native one to another
                key = keys[thread.ident] = thread.native if thread.ident >= 0 else thread.ident
                pairs = zip(thread.readings[::2], thread.readings[1::2], strict=True)
                clocks.setdefault(key, []).extend(pairs)
        merged = {key: [n for pair in sorted(pairs) for n in pair] for key, pairs in clocks.items()}
        used = sum(found[-1] - found[1] for found in merged.values())
        return {ident: merged[key] for ident, key in keys.items()}, used if merged else -1

    def complete(self, trace: Trace) -> None:
        """Called with each trace that was made, for subclasses that have something to add."""

    def _own_warnings(self) -> list[str]:
        warnings = []
        if self._dropped:
            kept = f"only the newest {self._max_spans} are kept"
            warnings.append(f"{self._dropped} spans were dropped: {kept}")
        if self.unexplained:
            reasons = ", ".join(f"{count} x {name}" for name, count in sorted(self.unexplained.items()))
            warnings.append(f"not every query plan could be asked for: {reasons}")
        return warnings + [
            f"{count} spans of a recording on another clock ({kind}) are not here: their times do not fit"
            for kind, count in self._elsewhere.items()
            if count
        ]

    @property
    def counts(self) -> dict[str, int]:
        """How many spans of each kind: ``{"request": 3, "connect": 1}``; 0 for a kind that was not seen."""
        spans = self._finished.spans if self._finished is not None else list(self._spans)
        return Counter(span.kind for span in spans if span.kind not in _NOT_COUNTED)

    @property
    def timings(self) -> dict[str, Timing]:
        """Count, total, mean, p50, p95 and max in nanoseconds, per name of the finished spans."""
        return timings(self._finished.spans if self._finished is not None else list(self._spans))


def _nowhere(span: OpenSpan) -> None:
    """Where the spans of a recording that has ended go."""
