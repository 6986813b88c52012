"""pyinstrument as perfkit uses it: samples handed on at once instead of kept. Imports pyinstrument."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

import pyinstrument
from pyinstrument import stack_sampler

TITLE = f"pyinstrument {pyinstrument.__version__}"


class Sampler(pyinstrument.Profiler):
    """Calls ``take(stack)`` for each sample in the thread that begins it; ``stacks`` says what a stack is.

    ``follows_tasks``: what other tasks do counts as awaiting, unless they were started in this context.
    """

    def __init__(self, interval: float, take: Callable[[list[str]], None], *, follows_tasks: bool) -> None:
        super().__init__(interval, "strict" if follows_tasks else "disabled")
        self._take = take
        self._thread = threading.get_ident()
        self._leaving = False
        self._in_use: object = None

    def begin(self) -> None:
        """Start sampling."""
        _forget_ended_profilers()
        with suppress(AttributeError):
            # it would print to the program's stderr that reading the clock is slow here
            stack_sampler.get_stack_sampler().has_warned_about_timing_overhead = True
        self.start(target_description="perfkit")

    def end(self) -> None:
        """Stop sampling; a sampler of another thread stops at its next sample, since only it can."""
        if threading.get_ident() != self._thread:
            self._leaving = True
        elif self.is_running:
            self.stop()

    def set_interval(self, interval: float) -> None:
        """From now on, sample at this interval. To be called while a sample is taken."""
        if interval != self._interval:
            self._stop_while_sampling()
            self._interval = interval
            self.start(target_description="perfkit")

    def _stop_while_sampling(self) -> None:
        self._in_use = sys.getprofile()  # it is at work further up the stack, and must outlive the sample
        self.stop()

    def _sampler_saw_call_stack(self, *sample: Any) -> None:
        # What pyinstrument makes of the stack is taken from where it puts it.
        # An error would be raised in the user's code.
        with suppress(Exception):
            super()._sampler_saw_call_stack(*sample)
            if self._leaving:
                self._stop_while_sampling()
            elif self._active_session is not None:
                records = self._active_session.frame_records
                taken = [stack for stack, _ in records]
                records.clear()
                for stack in taken:
                    self._take(stack)


def stack_of(frame: FrameType | None) -> list[str]:
    """The stack that a sample taken in the frame would have."""
    return stack_sampler.build_call_stack(frame, "initial", None)


def _forget_ended_profilers() -> None:
    """Tasks remember the profiler they were started under; pyinstrument takes it for running for ever."""
    with suppress(AttributeError):
        profiler = getattr(stack_sampler.active_profiler_context_var.get(), "__self__", None)
        if isinstance(profiler, pyinstrument.Profiler) and not profiler.is_running:
            stack_sampler.active_profiler_context_var.set(None)
