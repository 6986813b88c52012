"""One profile being taken, and that nothing of the taking reaches the user's code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from perfkit.errors import UsageError
from perfkit.profiling import turns
from perfkit.profiling.attaching import SLOWED, attach, note
from perfkit.profiling.wrapping import label_of, wrap
from perfkit.tracing import here
from perfkit.tracing.clocks import REAL_PERF_COUNTER_NS

if TYPE_CHECKING:
    from perfkit.model.profile import Profile
    from perfkit.tracing import Recording

F = TypeVar("F", bound=Callable[..., Any])

UNNAMED = "capture"


class Tool(Protocol):
    """What does the measuring. It may be paused and resumed; ``read`` is asked once, while it is paused."""

    title: str
    """What measures, with its version."""
    pauses_between_steps: bool
    """Whether a generator's consumer is left out, between two items."""

    def resume(self, caller: FrameType | None) -> None:
        """Start, or go on. ``caller`` is the frame in which the capture lies."""

    def pause(self) -> None:
        """Stop for now; in a thread other than that of ``resume``, as far as that is possible."""

    def read(self) -> Profile:
        """What was found; the capture adds what it knows itself, and the duration if need be."""

    def abandon(self) -> None:
        """Leave everything as it is: this process is a fork, and the capture is its parent's."""


class Capture:
    """A profile being taken: ``with perfkit.cpu("import") as capture: ...``, then ``capture.profile``.

    Also ``async with``; or ``begin()`` and ``finish()`` where a block does not fit. As a decorator it gives
    each call a capture of its own; the last that measured is the function's attribute ``capture``.

    ``profile`` is None until the end, and stays None where nothing could be measured: ``warnings`` says why.
    Within a recording the profile is also added to ``Recording.profiles``.
    """

    def __init__(
        self,
        kind: str,
        name: str | None,
        make_tool: Callable[[], Tool],
        done: Callable[[Capture], None] | None = None,
    ) -> None:
        self.kind = kind
        self.name = name or UNNAMED
        self.profile: Profile | None = None
        self.warnings: list[str] = []
        self._given_name = name
        self._make_tool = make_tool
        self._done = done
        self._tool: Tool | None = None
        self._recording: Recording | None = None
        self._turn: turns.Turn | None = None
        self._since_ns = self._elapsed_ns = 0
        self._under_way = False

    def __call__(self, function: F) -> F:
        """Decorate a function. Raises UsageError for something that is none."""
        name = self._given_name or label_of(function)
        wrapped: F = wrap(function, lambda done: Capture(self.kind, name, self._make_tool, done))
        return wrapped

    def begin(self, caller: FrameType | None = None) -> None:
        """Start measuring; ``caller`` is the frame it lies in, by default the one that calls this.

        Where nothing can be measured now, that is noted in ``warnings`` and nothing else happens. Raises
        UsageError if this very capture is under way.
        """
        caller = caller or sys._getframe(1)
        self.prepare()
        if self._given_name is None:
            self.name = caller.f_code.co_qualname.replace(".<locals>", "")
        self.resume(caller)

    def finish(self, error: BaseException | None = None) -> Profile | None:
        """Stop measuring and give the profile; None where nothing was measured. Harmless when done twice."""
        self.pause()
        self._under_way = False
        tool, self._tool = self._tool, None
        if tool is not None:
            with self._guarded("the profile could not be read"):
                self.profile = self._read(tool, error)
            if self._done is not None:
                self._done(self)
        return self.profile

    def prepare(self) -> None:
        """Begin anew without measuring yet; for generators, of which each step is resumed."""
        if self._under_way:
            raise UsageError(f"the capture {self.name!r} is under way already; make another one inside it")
        self._under_way = True
        self.profile, self.warnings, self._elapsed_ns = None, [], 0
        opened = here()
        self._recording = None if opened is None else opened.recording

    def resume(self, caller: FrameType | None) -> None:
        """Measure from here on, unless somebody else is measuring."""
        if self._turn is not None:
            return
        turn = turns.take(self.kind, self.name, self._abandon)
        if isinstance(turn, str):
            self._warn(turn)
            return
        with self._guarded("nothing was measured"):
            try:
                self._start(caller)
            except BaseException:
                turns.give_back(turn)
                raise
            self._turn = turn
            self._since_ns = REAL_PERF_COUNTER_NS()

    def _start(self, caller: FrameType | None) -> None:
        tool = self._tool
        if tool is None:
            tool = self._make_tool()
            note(f"{SLOWED} ({tool.title})", self._recording)
        tool.resume(caller)
        self._tool = tool
        turns.watch_forks(self.kind)

    def _abandon(self) -> None:
        if self._tool is not None:
            self._tool.abandon()

    def pause(self) -> None:
        """Stop measuring for now."""
        turn, self._turn = self._turn, None
        if turn is None:
            return
        if turn.abandoned:
            self._tool = None
            return
        self._elapsed_ns += REAL_PERF_COUNTER_NS() - self._since_ns
        with self._guarded("the profile may be incomplete"):
            try:
                assert self._tool is not None  # noqa: S101 - it took the turn
                self._tool.pause()
            finally:
                turns.give_back(turn)

    def pause_between_steps(self) -> None:
        """Stop until a generator's next step, if the tool leaves out what its consumer does."""
        if self._tool is not None and self._tool.pauses_between_steps:
            self.pause()

    def _read(self, tool: Tool, error: BaseException | None) -> Profile:
        profile = tool.read()
        profile.kind, profile.name, profile.tool = self.kind, self.name, tool.title
        profile.duration_ns = profile.duration_ns or self._elapsed_ns
        profile.warnings += self.warnings
        if error is not None and not isinstance(error, GeneratorExit):
            profile.error = type(error).__name__
        attach(profile, self._recording)
        return profile

    def _warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)
        note(f"{self.name}: {text}", self._recording)

    @contextmanager
    def _guarded(self, consequence: str) -> Iterator[None]:
        """Whatever goes wrong with measuring is a warning, and not the user's exception."""
        try:
            yield
        except Exception as error:
            self._warn(f"{consequence}: {type(error).__name__}: {error}")

    def __enter__(self) -> Capture:
        self.begin(sys._getframe(1))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish(error)

    async def __aenter__(self) -> Capture:
        # An `async with` runs this coroutine from the user's frame, which is the one above.
        self.begin(sys._getframe(1))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish(error)
