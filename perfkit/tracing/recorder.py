"""A recording: takes the spans of everything that runs inside it, and gives them back as a Trace.

Spans are stored when they start, so a crash loses none: what had not ended is closed when the recording is.
"""

from __future__ import annotations

import itertools
import sys
import threading
from collections import Counter
from types import TracebackType
from typing import Any
from weakref import WeakKeyDictionary

import msgspec

from perfkit.errors import UsageError
from perfkit.model.trace import Frame, HostFacts, Span, Trace
from perfkit.tracing.clocks import Clock, current_clock
from perfkit.tracing.scopes import Scope, current, follow_whole_process, here, innermost_open
from perfkit.tracing.timings import Timing, timings

DEFAULT_MAX_SPANS = 1_000_000
"""About 300 MB at most; the number of spans beyond it is kept and stated."""

UNFINISHED = "unfinished"
"""``Span.error`` of an operation that was still under way when the recording ended."""

_ids = itertools.count(1)  # one for the process: a nested recording hands its spans to the outer one


class Recording:
    """Takes spans from ``with`` (or ``async with``) to its end, through tasks that start inside.

    ``clock`` replaces the clock in force; ``hosts`` are facts that rules may use; spans beyond ``max_spans``
    are counted, not kept. ``whole_process`` also takes spans of threads that know of no recording.
    Entering it again, once it has ended, starts anew. Before it is entered its trace is empty.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        hosts: list[HostFacts] | None = None,
        max_spans: int = DEFAULT_MAX_SPANS,
        whole_process: bool = False,
    ) -> None:
        self.closed = True
        self._clock = clock
        self._hosts = hosts or []
        self._max_spans = max_spans
        self._whole_process = whole_process
        self._scope: Scope | None = None
        self._outer: Scope | None = None
        self.probes: list[str] = []
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.clock = self._clock or current_clock()
        self.now_ns = self.clock.now_ns
        self._spans: list[Span] = []
        self._dropped = 0
        # By the task itself: names need not be unique, and an id is used again when its task is gone.
        self._tasks: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
        self._task_numbers = itertools.count(1)
        self._threads: dict[int, int] = {}
        self._elsewhere: Counter[str] = Counter()
        self._start_ns = self._end_ns = 0
        self.warnings: list[str] = []

    def __enter__(self) -> Recording:
        if not self.closed:
            raise UsageError("this recording is under way already; make another one to record inside it")
        self._begin_anew()
        self.closed = False
        self._outer = here()
        self._scope = Scope(self, None, current.get())
        current.set(self._scope)
        if self._whole_process:
            follow_whole_process(self._scope)
        self._start_ns = self.now_ns()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_ns = self.now_ns()
        self.closed = True
        if self._whole_process:
            follow_whole_process(None)
        for span in self._spans:
            if span.end_ns < 0:
                span.end_ns, span.error = self._end_ns, span.error or UNFINISHED
        scope = self._scope
        if scope is not None and current.get() is scope:
            current.set(scope.before)
        if self._outer is not None and not self._outer.recording.closed:
            self._outer.recording._take_over(self)

    async def __aenter__(self) -> Recording:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def start(
        self, kind: str, name: str, parent: Span | None, path: tuple[Frame, ...], attrs: dict[str, Any]
    ) -> Span:
        """A new span, stored at once. Used by ``scopes.enter``; times are on the recording's clock."""
        span = Span(
            next(_ids),
            self._outer_parent() if parent is None else parent.id,
            kind,
            name,
            self.now_ns(),
            site=path[0] if path else None,
            path=path,
            task=self._task(),
            thread=self._threads.setdefault(threading.get_ident(), len(self._threads) + 1),
            attrs=attrs,
        )
        if len(self._spans) < self._max_spans:
            self._spans.append(span)
        else:
            self._dropped += 1
        return span

    def _task(self) -> int:
        asyncio = sys.modules.get("asyncio")
        if asyncio is None or asyncio._get_running_loop() is None:
            return 0
        task = asyncio.current_task()
        if task is None:
            return 0
        number = self._tasks.get(task)
        if number is None:
            number = self._tasks[task] = next(self._task_numbers)
        return number

    def _outer_parent(self) -> int | None:
        """The span around this recording: a parent in the outer recording's trace, unknown in our own."""
        scope = innermost_open(self._outer)
        if scope is None:
            return None
        return scope.recording._outer_parent() if scope.span is None else scope.span.id

    def _take_over(self, inner: Recording) -> None:
        if inner.clock != self.clock:
            self._elsewhere[inner.clock.kind] += len(inner._spans) + inner._dropped
            return
        self._elsewhere.update(inner._elsewhere)
        room = max(0, self._max_spans - len(self._spans))
        self._spans.extend(inner._spans[:room])
        self._dropped += inner._dropped + max(0, len(inner._spans) - room)

    @property
    def trace(self) -> Trace:
        """The spans so far, numbered from 1 in order of their start. A copy: later spans do not change it."""
        spans = sorted(self._spans, key=lambda span: span.id)
        number = {span.id: n for n, span in enumerate(spans, 1)}
        copies = [
            msgspec.structs.replace(
                span,
                id=number[span.id],
                parent=None if span.parent is None else number.get(span.parent),
                attrs=dict(span.attrs),
            )
            for span in spans
        ]
        end_ns = self._end_ns if self.closed else self.now_ns()
        warnings = list(self.warnings)
        if self._dropped:
            warnings.append(f"{self._dropped} spans beyond the first {self._max_spans} were not kept")
        warnings += [
            f"{count} spans of a recording on another clock ({kind}) are not here: their times do not fit"
            for kind, count in self._elsewhere.items()
            if count
        ]
        return Trace(
            self.clock.kind, self._start_ns, end_ns, copies, self._hosts, self.probes, self._dropped, warnings
        )

    @property
    def counts(self) -> dict[str, int]:
        """How many spans of each kind: ``{"request": 3, "connect": 1}``; 0 for a kind that was not seen."""
        return Counter(span.kind for span in self._spans)

    @property
    def timings(self) -> dict[str, Timing]:
        """Count, total, mean, p50, p95 and max in nanoseconds, per name of the finished spans."""
        return timings(self._spans)
