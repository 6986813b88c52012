"""A recording that writes its finished spans to a file while the program runs.

So a long run takes no more memory than a short one, and a process that is killed leaves all but its last
second. Writing happens when a thread's processor clock is read, which is at most every tenth of a
millisecond.
"""

from __future__ import annotations

import os
import re
import time
from collections import deque
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

from perfkit.launcher.part import NO_PARAMS, RECORD, Chunk, Footer, Header, message
from perfkit.model import Frame, Trace
from perfkit.model.plain import encode, represent, text
from perfkit.recording import record
from perfkit.tracing.freezing import nearest_kept
from perfkit.tracing.open_spans import OpenSpan, Operation, Place
from perfkit.tracing.processor import ProcessorTime

SPILL_AT = 4_000
"""So many spans in memory are too many."""

KEPT = 1_000
"""The newest stay in memory for a while: a probe may still add to them, as when a body arrives."""

SPILL_AFTER_NS = 1_000_000_000
"""What has ended is in the file after this long, if spans go on being recorded."""

_DIGEST = re.compile("[0-9a-f]{16}")

MAX_ATTRS = 10_000
"""Different sets of attributes that are known again; beyond it they are written once more."""


class SpillingRecord(record):
    """``record(whole_process=True)`` whose spans go to ``path``, which must not exist yet."""

    def __init__(self, path: Path, *, is_child: bool = False, explain: bool = False) -> None:
        super().__init__(whole_process=True, explain=explain)
        self._is_child = is_child
        self._before_ns = time.process_time_ns()
        self._path = path
        self._writing = Lock()
        self._file: BinaryIO | None = None
        self._next_spill_ns = 0

    def __enter__(self) -> SpillingRecord:
        super().__enter__()
        self._encoder = _Encoder()
        self._file = self._path.open("xb", buffering=0)
        self._file.write(message(Header(os.getpid(), self.clock.kind, self._start_ns, self._is_child)))
        self._next_spill_ns = self._start_ns + SPILL_AFTER_NS
        return self

    def _limit(self) -> None:
        """Instead of dropping spans."""
        count = len(self._spans)
        if count < SPILL_AT and self.now_ns() < self._next_spill_ns:
            return
        if self._file is not None and self._writing.acquire(blocking=False):
            try:
                self._spill(KEPT if count >= SPILL_AT else 0)
            finally:
                self._writing.release()

    def spill(self) -> None:
        """Write all that has ended; for a process that is about to be killed."""
        if self._file is not None:
            with self._writing:
                self._spill(0)

    def _spill(self, kept: int) -> None:
        assert self._file is not None  # noqa: S101
        self._next_spill_ns = self.now_ns() + SPILL_AFTER_NS
        spans = self._spans
        taken = [spans.popleft() for _ in range(max(0, len(spans) - kept))]
        ended, going_on = list[OpenSpan](), list[OpenSpan]()
        for span in taken:
            (ended if self.closed or _is_settled(span) else going_on).append(span)
        ended.sort(key=lambda span: span.start_ns)
        spans.extendleft(reversed(going_on))
        if ended:
            clocks, _ = self._processor_readings()
            chunk = self._encoder.chunk(ended, clocks)
            chunk.computing_ns = time.process_time_ns() - self._before_ns
            self._file.write(message(chunk))
            self._encoder.forget_but(spans)

    def finish(self) -> None:
        """End the recording and the file. Does nothing in a process that inherited the recording."""
        if self._file is None:
            return
        self.__exit__(None, None, None)
        with self._writing:
            self._spill(0)
            trace = Trace(self.clock.kind, self._start_ns, self._end_ns, probes=self.probes)
            self.complete(trace)
            footer = Footer(
                self._end_ns,
                time.process_time_ns() - self._before_ns,
                self._encoder.own_cost_ns() + self.explaining_ns,
                self.probes,
                self._hosts,
                [*self.warnings, *self._own_warnings(), *trace.warnings],
                self.profiles,
                self._dropped,
            )
            self._file.write(message(footer))
            self._file.close()
            self._file = None

    def abandon(self) -> None:
        """For a fork, which records for itself: what is open here is the parent's."""
        super().abandon()
        if self._file is not None:
            self._file.close()
            self._file = None


def _is_settled(span: OpenSpan) -> bool:
    """Whether it has ended for good: what a body or a query's plan is still to come for has not."""
    return span.end_ns >= 0 and bool(getattr(span, "done", True))


class _Encoder:
    """Spans to records of 64 bytes; what they have in common is numbered and written once."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._last = 0
        self._names: dict[tuple[str, str, bytes], int] = {}
        self._plain_names: dict[tuple[str, str], int] = {}
        self._named = 0
        self._frames: dict[Frame, int] = {}
        self._paths: dict[tuple[Frame, ...], int] = {}
        self._errors: dict[str, int] = {}
        self._tasks: dict[int, int] = {0: 0}
        self._threads: dict[int, int] = {}
        self._counts = [0, 0]
        self._processor = ProcessorTime()

    def chunk(self, spans: list[OpenSpan], readings: dict[int, list[int]]) -> Chunk:
        """The spans, and what the tables gain by them."""
        self._processor.read(readings)
        new = Chunk([], [], [], [], b"")
        records = []
        for span in spans:
            place = span.place
            assert place is not None  # noqa: S101 - only spans that were opened are stored
            records.append(self._record(span, place, new))
        new.records = b"".join(records)
        return new

    def forget_but(self, spans: deque[OpenSpan]) -> None:
        """Keep the numbers of those spans and of what they lie in: other addresses may be used again."""
        kept: dict[int, int] = {}
        for span in list(spans):
            step: OpenSpan | None = span
            while step is not None and id(step) not in kept:
                if id(step) in self._numbers:
                    kept[id(step)] = self._numbers[id(step)]
                around = getattr(step, "around", None)
                step = around if around is not None else step.parent
        self._numbers = kept

    def own_cost_ns(self) -> int:
        """About what recording all of these cost; see ``tracing.own_cost``."""
        from perfkit.tracing.own_cost import cost_ns

        return cost_ns(*self._counts)

    def _record(self, span: OpenSpan, place: Place, new: Chunk) -> bytes:
        own = not isinstance(span, Operation)
        self._counts[0 if own else 1] += 1
        params, rows, facts = "", -1, None
        if not own or span.attrs:
            facts = span.facts()
            params = facts.pop("params") if _is_digest(facts.get("params")) else ""
            rows = facts.pop("rows") if _is_small(facts.get("rows")) else -1
        return RECORD.pack(
            self._number(span),
            self._parent(span),
            self._name(span, facts, new),
            self._path(span, new),
            self._tasks.setdefault(place.task, len(self._tasks)),
            self._threads.setdefault(place.thread.ident, len(self._threads) + 1) & 0xFFFF,
            self._error(span.held if isinstance(span.held, str) else "", new),
            span.start_ns,
            max(0, span.end_ns - span.start_ns),
            self._processor.used_ns(span, place.thread.ident),
            rows,
            bytes.fromhex(params) if params else NO_PARAMS,
        )

    def _number(self, span: OpenSpan) -> int:
        number = self._numbers.get(id(span))
        if number is None:
            self._last += 1
            number = self._numbers[id(span)] = self._last
        return number

    def _parent(self, span: OpenSpan) -> int:
        above = nearest_kept(span, lambda above: above.kind != "" and above.place is not None)
        return 0 if above is None else self._number(above)

    def _name(self, span: OpenSpan, facts: dict[str, Any] | None, new: Chunk) -> int:
        if not facts:
            known = self._plain_names.get((span.kind, span.name))
            if known is not None:
                return known
        name = span.name if isinstance(span.name, str) else represent(span.name)
        key = (span.kind, text(name), encode(facts) if facts else b"{}")
        if key not in self._names:
            if len(self._names) >= MAX_ATTRS:
                self._names.clear()
            self._names[key] = self._named
            self._named += 1
            new.names.append(key)
        if not facts and span.name == name and len(self._plain_names) < MAX_ATTRS:
            self._plain_names[span.kind, name] = self._names[key]
        return self._names[key]

    def _path(self, span: OpenSpan, new: Chunk) -> int:
        path = span.path
        if path not in self._paths:
            self._paths[path] = len(self._paths)
            new.paths.append(tuple(self._frame(frame, new) for frame in path))
        return self._paths[path]

    def _frame(self, frame: Frame, new: Chunk) -> int:
        if frame not in self._frames:
            self._frames[frame] = len(self._frames)
            new.frames.append(Frame(text(frame.file), frame.line, text(frame.function)))
        return self._frames[frame]

    def _error(self, error: str, new: Chunk) -> int:
        if error not in self._errors:
            self._errors[error] = len(self._errors)
            new.errors.append(text(error))
        return self._errors[error]


def _is_digest(params: object) -> bool:
    """A query's parameters; those of a request are a dictionary."""
    return isinstance(params, str) and _DIGEST.fullmatch(params) is not None


def _is_small(rows: object) -> bool:
    return isinstance(rows, int) and 0 <= rows < 2**31
