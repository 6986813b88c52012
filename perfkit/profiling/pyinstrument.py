"""Where the time of a thread goes, sampled by pyinstrument.

What is sampled is real time, in the thread that began the capture: other threads are not seen. In a
coroutine the tasks it starts are seen, too, and what it awaits is shown as such. Each sample's stack is added
to a tree at once, so a capture of a long program takes the memory of its different stacks, not of its time.
"""

from __future__ import annotations

import sys
from types import FrameType

from perfkit.model.profile import Profile
from perfkit.profiling.sampling import TITLE, Sampler, stack_of
from perfkit.profiling.stacks import RawTree, below_start, identity, is_our_own
from perfkit.profiling.tree import build
from perfkit.tracing.clocks import REAL_PERF_COUNTER_NS

_LEAST_INTERVAL = 1e-6


class CpuTool:
    """Samples the thread that resumes it.

    A sample stands for all the time since the one before, pauses not counted. So of a generator's steps that
    are shorter than the interval one in many is sampled, for all of them; that one needs a shorter interval.
    """

    title = TITLE
    pauses_between_steps = True

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._tree = RawTree()
        self._samples = 0
        self._sampler: Sampler | None = None
        self._start: tuple[str, ...] = ()
        self._since_ns = 0
        self._before_ns = 0
        self._in_samples_ns = 0
        self._has_sample = False

    def resume(self, caller: FrameType | None) -> None:
        """Start sampling; the first sample is due when the interval is over."""
        due = self._interval - (self._before_ns - self._in_samples_ns) / 1e9
        self._has_sample = False
        self._sampler = Sampler(max(_LEAST_INTERVAL, due), self._take, follows_tasks=_runs_in_a_loop())
        self._start = tuple(map(identity, stack_of(caller)))
        self._since_ns = REAL_PERF_COUNTER_NS()
        self._sampler.begin()
        self._since_ns = REAL_PERF_COUNTER_NS()

    def pause(self) -> None:
        """Stop sampling. In another thread than that of ``resume``: at its next sample."""
        sampler, self._sampler = self._sampler, None
        if sampler is not None:
            self._before_ns = self._elapsed_ns()
            sampler.end()

    def abandon(self) -> None:
        """Stop sampling in a forked child."""
        self.pause()

    def read(self) -> Profile:
        """The samples as a profile."""
        profile = Profile("cpu", duration_ns=self._before_ns, samples=self._samples)
        profile.interval_ns = round(self._interval * 1e9)
        profile.tree = build(self._tree.readable())
        if not self._samples:
            profile.warnings.append(f"no sample was taken: all was over within {self._interval * 1e3:g} ms")
        return profile

    def _elapsed_ns(self) -> int:
        return self._before_ns + REAL_PERF_COUNTER_NS() - self._since_ns

    def _take(self, stack: list[str]) -> None:
        inner = below_start(stack, self._start)
        if is_our_own(inner):
            if not self._has_sample:
                self._since_ns = REAL_PERF_COUNTER_NS()  # what is captured has not begun yet
            return
        elapsed_ns = self._elapsed_ns()
        self._tree.add(inner, elapsed_ns - self._in_samples_ns)
        self._in_samples_ns = elapsed_ns
        self._samples += 1
        if not self._has_sample and self._sampler is not None:
            self._has_sample = True
            self._sampler.set_interval(self._interval)


def _runs_in_a_loop() -> bool:
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and asyncio._get_running_loop() is not None
