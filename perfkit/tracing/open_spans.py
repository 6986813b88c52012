"""A span under way, seen from inside: record and scope in one object.

One object per span is what keeps recording cheap. ``freezing`` makes the model's ``Span`` of it when the
trace is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import get_ident, get_native_id
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from perfkit.tracing.callpath import Path, line_of, share

if TYPE_CHECKING:
    from perfkit.tracing.recorder import Recording


DEFINITIONS: dict[str, CodeType] = {}
"""Name of each function that ``trace`` decorates, and where it stands: for calls that come from a library."""


class Thread:
    """One thread of a recording, and readings of its processor clock.

    ``readings`` holds pairs, one after the other: a moment on the recording's clock, and
    ``time.thread_time_ns`` then. The next pair is taken at ``due_ns``. ``native`` is the system's thread:
    with gevent's patches many greenlets, each a thread to Python, share one, and one processor clock.
    """

    __slots__ = ("due_ns", "ident", "interval_ns", "native", "readings")

    def __init__(self, ident: int, interval_ns: int) -> None:
        self.ident = ident
        self.native = get_native_id()
        self.due_ns = 0
        self.interval_ns = interval_ns
        self.readings: list[int] = []


class Place:
    """Where spans happen: a thread of a recording, and the task there (0: none)."""

    __slots__ = ("append", "now_ns", "recording", "task", "thread")

    def __init__(self, recording: Recording, thread: Thread, task: int) -> None:
        self.recording = recording
        self.thread = thread
        self.task = task
        self.append: Callable[[OpenSpan], None] = recording.append
        self.now_ns: Callable[[], int] = recording.now_ns

    def read_processor_clock(self, now: int) -> int:
        """A reading is due, at ``now``; taken if it is this thread that runs, since each has its own clock.

        Returns the moment when that was done.
        """
        if self.thread.ident == get_ident():
            return self.recording.read_processor_clock(self.thread, now)
        return now


class OpenSpan(Struct, eq=False):
    """A span from its start on; ``end_ns`` is -1 while it is open.

    ``parent`` is what was current when it started, ``caller`` the code that opened it and ``lasti`` the
    instruction there. ``held`` is the frame of the generator in whose body it is open, and after its end the
    name of the exception that ended it. ``number`` is its number in the trace being made.
    """

    name: str
    attrs: dict[str, Any] | None = None
    parent: OpenSpan | None = None
    place: Place | None = None
    start_ns: int = 0
    end_ns: int = -1
    caller: CodeType | Path | None = None
    lasti: int = 0
    held: FrameType | str | None = None
    number: int = 0

    @property
    def kind(self) -> str:
        """The kind of the finished span: here the application's own."""
        return "span"

    @property
    def recording(self) -> Recording:
        """The recording that takes it. Only for a span that has been opened."""
        assert self.place is not None, "this span was not opened"  # noqa: S101
        return self.place.recording

    @property
    def path(self) -> Path:
        """The lines that led here; for the application's own spans only the line that opened them."""
        if isinstance(self.caller, tuple):
            return self.caller
        line = None if self.caller is None else line_of(self.caller, self.lasti)
        if line is None and self.name in DEFINITIONS:
            line = line_of(DEFINITIONS[self.name], 0)
        return () if line is None else share((line,))

    def facts(self) -> dict[str, Any]:
        """The attributes, in a dictionary of their own."""
        return dict(self.attrs) if self.attrs else {}

    def note(self, **facts: Any) -> None:
        """Add attributes; also after the end, as long as the recording lasts."""
        if self.attrs is None:
            self.attrs = facts
        else:
            self.attrs.update(facts)


class Operation(OpenSpan, eq=False):
    """A span of a kind of its own, opened by a probe; ``caller`` is the whole call path."""

    kind: str = "span"


class Root(OpenSpan, eq=False):
    """A recording, as the outermost of its own spans."""

    @property
    def kind(self) -> str:
        """No kind: it is in no trace."""
        return ""


class Detour(OpenSpan, eq=False):
    """Stands between a span and its parent where a suspended generator's span lies between the two.

    It counts as ended. ``parent`` leads on to the generator's span, which is current again once the generator
    goes on; ``around`` is the parent.
    """

    around: OpenSpan | None = None


NOWHERE = OpenSpan("nowhere")
"""What is current where nothing is recorded: open for ever, and in no place."""
