"""A benchmark's pairs, and the timing that reports show of them."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field

from msgspec.structs import replace

from perfkit.bench.ab.lockstep import PairValue
from perfkit.model import Timing, Verdict
from perfkit.stats.families import share_of
from perfkit.stats.sequential import ALPHA, LOOKS, Decision, decide, is_look


@dataclass
class Benchmark:
    """What is known of one benchmark so far. ``family`` is how many are compared beside it, itself included.

    ``problem`` says why it cannot be measured; ``decision`` is that of the last look.
    """

    name: str
    method: str
    family: int = 1
    loops: int = 0
    real_ns: int = 0
    problem: str = ""
    values: list[PairValue] = field(default_factory=list)
    decision: Decision | None = None

    def add(self, value: PairValue) -> None:
        """Take a pair's value in, and decide if it is time for a look."""
        self.values.append(value)
        if is_look(len(self.values)):
            self.decision = self.judged()

    def judged(self) -> Decision:
        """What the pairs so far say."""
        return decide([value.log_ratio for value in self.values], alpha=share_of(ALPHA, self.family))

    def is_open(self, budget_ns: int) -> bool:
        """Whether more pairs are wanted: it is not decided, and its time is not up."""
        decided = self.decision is not None and self.decision.verdict is not None
        return not (self.problem or decided or self.real_ns >= budget_ns or len(self.values) >= LOOKS[-1])


def timing_of(benchmark: Benchmark, *, interrupted: bool = False) -> Timing:
    """The timing to report; one that is not decided yet gets a last look at all of its pairs."""
    values = benchmark.values
    timing = Timing(
        benchmark.name,
        Verdict.INCONCLUSIVE,
        pairs=len(values),
        base_ns=round(statistics.median(value.base_ns for value in values)) if values else None,
        head_ns=round(statistics.median(value.head_ns for value in values)) if values else None,
        method=benchmark.method,
        real_ns=benchmark.real_ns,
        reason=benchmark.problem or _too_few(benchmark, interrupted),
    )
    if timing.reason:
        return timing
    decision = benchmark.decision
    if decision is None or decision.verdict is None:
        decision = benchmark.judged()
    return replace(
        timing,
        verdict=decision.verdict or Verdict.INCONCLUSIVE,
        ratio=decision.ratio,
        low=decision.low,
        high=decision.high,
        level=decision.level,
        noise=decision.noise,
        detectable=decision.detectable,
        reason="" if decision.verdict else _undecided(decision, interrupted),
    )


def _too_few(benchmark: Benchmark, interrupted: bool) -> str:
    count = len(benchmark.values)
    if count >= LOOKS[0]:
        return ""
    if interrupted:
        return f"interrupted after {count} pairs"
    spent_s = benchmark.real_ns / 1e9
    return (
        f"only {count} pairs in its {spent_s:.0f} s, and {LOOKS[0]} are needed: give it more with --budget, "
        "or make one call shorter"
    )


def _undecided(decision: Decision, interrupted: bool) -> str:
    end = "interrupted" if interrupted else "its time is up"
    low, high = ((bound - 1) * 100 for bound in (decision.low, decision.high))
    return (
        f"{end} with the change between {low:+.1f} and {high:+.1f} %: quieter, or with more time (--budget), "
        "it would be decided"
    )
