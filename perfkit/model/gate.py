"""What the gate found: lines of a baseline that are no longer true, and benchmarks timed in two revisions."""

from __future__ import annotations

import enum

from msgspec import Struct, field

from perfkit.model.finding import Finding
from perfkit.model.trace import Frame
from perfkit.model.verdict import Outcome, Verdict


class Change(enum.Enum):
    """What happened to a line of a baseline.

    WORSE, BETTER, NEW and VANISHED stop a change until the baseline is updated. INPUTS (other data, another
    version of a mock or client) and MISSING (no baseline, or none for this entry) leave nothing to compare
    with. UNSEEN: a probe that was expected saw nothing.
    """

    WORSE = "worse"
    BETTER = "better"
    NEW = "new"
    VANISHED = "vanished"
    UNSEEN = "unseen"
    INPUTS = "inputs"
    MISSING = "missing"

    @property
    def stops(self) -> bool:
        """Whether the gate fails for it; where it does not, the gate is inconclusive."""
        return self not in (Change.INPUTS, Change.MISSING)


class Difference(Struct, frozen=True):
    """A line of the baseline ``baseline`` (a scenario, or a test module) that is no longer true.

    ``entry`` is what was measured: "world/strategy", or a test's name; ``state`` "cold" or "warm". ``metric``
    is the counter ("query", "request", "bytes_received", "depth", "time_ns", "peak_bytes", "bytecodes",
    "finding", ...) and ``template`` the operation, if it is of one. ``before`` and ``after`` are its values
    at ``size`` (0: it has no sizes), ``growth_before`` and ``growth_after`` its classes over the sizes.
    ``site`` is the line that does it now. ``says`` is the whole as a sentence, which names what to do.
    ``finding`` is the finding that is new, or gone, for metric "finding".
    """

    baseline: str
    entry: str
    change: Change
    metric: str
    template: str = ""
    state: str = "cold"
    size: int = 0
    before: int | None = None
    after: int | None = None
    growth_before: str = ""
    growth_after: str = ""
    site: Frame | None = None
    says: str = ""
    finding: Finding | None = None


class Timing(Struct, frozen=True):
    """One benchmark in two revisions.

    ``ratio`` is head / base (1.05: five per cent slower), ``low`` and ``high`` its interval at ``level``.
    ``pairs`` is how many pairs of processes that rests on (0: unpaired runs). ``base_ns`` and ``head_ns`` are
    the time of one call. ``noise`` is this run's noise floor: half the interval's width if nothing had
    changed; ``detectable`` the smallest slowdown that this many pairs find in 95 of 100 runs; both as
    fractions. ``method`` is "fork", "processes", "command" or "unpaired"; ``real_ns`` what deciding took.
    ``reason`` says why it is inconclusive, or what the reader must know. Instructions are valgrind's.
    """

    name: str
    verdict: Verdict
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    level: float = 0.99
    pairs: int = 0
    base_ns: int | None = None
    head_ns: int | None = None
    noise: float | None = None
    detectable: float | None = None
    method: str = ""
    real_ns: int = 0
    reason: str = ""
    base_instructions: int | None = None
    head_instructions: int | None = None


class Gate(Struct):
    """The result of ``perfkit gate`` or ``perfkit compare``.

    ``base`` and ``head`` name what was compared: revisions, or files. ``compared`` is the number of lines of
    baselines that were checked. ``notes`` are sentences that change no verdict; ``problems`` say why nothing,
    or not all, could be compared. ``strict``: BETTER, NEW and VANISHED stop too, as against a baseline, which
    must say what is true; two stored runs have nothing to keep true.
    """

    base: str = ""
    head: str = ""
    compared: int = 0
    differences: list[Difference] = field(default_factory=list)
    timings: list[Timing] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    strict: bool = True

    def stops(self, difference: Difference) -> bool:
        """Whether the change is stopped for that line."""
        return difference.change.stops and (self.strict or difference.change in _ALWAYS)

    def stopping(self) -> list[str]:
        """What the change is stopped for, a sentence each."""
        timed = [timing for timing in self.timings if timing.verdict is Verdict.REGRESSED]
        return [d.says for d in self.differences if self.stops(d)] + [_slower(timing) for timing in timed]

    @property
    def outcome(self) -> Outcome:
        """FAIL when something stops the change; INCONCLUSIVE when not everything could be compared."""
        if self.stopping():
            return Outcome.FAIL
        undecided = [t for t in self.timings if t.verdict is Verdict.INCONCLUSIVE]
        unlike = [d for d in self.differences if not d.change.stops]
        checked = self.compared or self.timings
        return Outcome.PASS if checked and not (undecided or self.problems or unlike) else _OPEN


_ALWAYS = (Change.WORSE, Change.UNSEEN)
_OPEN = Outcome.INCONCLUSIVE


def _slower(timing: Timing) -> str:
    if timing.ratio is None:
        return f"{timing.name}: slower"
    between = (
        "" if timing.low is None or timing.high is None else f" ({_per(timing.low)} to {_per(timing.high)})"
    )
    pairs = f", {timing.pairs} pairs" if timing.pairs else ""
    return f"{timing.name}: {_per(timing.ratio)}{between}{pairs}"


def _per(ratio: float) -> str:
    return f"{(ratio - 1) * 100:+.1f} %"
