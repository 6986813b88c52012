"""The stored result of ``perfkit bench`` or ``perfkit run``: one immutable document.

``scenarios`` is the *result section*: in virtual time it is the same to the last digit on every machine.
What depends on the machine (CPU time, real time) lives in ``machine``, so that the two never mix.
"""

from __future__ import annotations

from msgspec import Struct, field

from perfkit.model.finding import Finding
from perfkit.model.gate import Gate
from perfkit.model.packing import PackedTrace
from perfkit.model.profile import Profile
from perfkit.model.target import Target
from perfkit.model.tuning import Tuning
from perfkit.model.verdict import Outcome

SCHEMA = 3
"""Version of the document. Raised with every change a reader must know of; see ``migrations``."""


class Git(Struct, frozen=True):
    """The revision that was measured; ``dirty`` when tracked files differ from it."""

    revision: str
    branch: str
    dirty: bool


class Environment(Struct, frozen=True):
    """Fingerprint of the machine: enough to tell two machines apart, nothing that names one."""

    python: str
    implementation: str
    system: str
    machine: str
    cpus: int
    packages: dict[str, str] = field(default_factory=dict)


class WorldInfo(Struct, frozen=True):
    """What a scenario ran against. ``facts`` are shown in the report as they are.

    ``database`` is "sqlite" or "postgres" for a world that has one.
    """

    name: str
    title: str
    rtt_ns: int | None = None
    facts: dict[str, str] = field(default_factory=dict)
    database: str = ""


class StrategyInfo(Struct, frozen=True):
    """One way to do the scenario's job.

    ``group`` names the client or library it uses. ``fixes`` names the rule whose finding it is the fix for.
    ``flaw`` says why a strategy is expected to go wrong (then it may fail or differ without failing the run).
    ``shape`` places it among the shapes readers know: "serial", "batched", "concurrent", ... or "".
    ``builds_on`` names the strategy that this one is with one thing mended. ``parameters`` are the values
    that ``perfkit tune`` begins with, by the name of the parameter.
    """

    name: str
    group: str = ""
    title: str = ""
    doc: str = ""
    shape: str = ""
    baseline: bool = False
    fixes: str = ""
    flaw: str = ""
    builds_on: str = ""
    parameters: dict[str, list[float]] = field(default_factory=dict)


class Sample(Struct, frozen=True):
    """One measured execution: ``elapsed_ns`` on the run's clock, with the seed it ran under."""

    seed: int
    elapsed_ns: int


class Series(Struct, frozen=True):
    """A figure over time: ``values`` in ``unit``, one for each ``step_ns`` from ``start_ns`` on.

    Times are nanoseconds since the strategy began; None where there is no value.
    """

    name: str
    unit: str
    start_ns: int
    step_ns: int
    values: list[float | None]


class Mark(Struct, frozen=True):
    """A stretch of a scenario's time that series are shown with, such as an outage; as ``Series`` counts."""

    title: str
    from_ns: int
    until_ns: int


class Cell(Struct):
    """One strategy in one world at one size.

    ``status``: "ok", "failed" (raised), "timeout", "deadlock" or "skipped"; ``error`` says more.
    ``agrees``: the answer equals the baseline's (None where one of them has none).
    ``counters`` are figures without noise: request, connect, bytes_sent, bytes_received, status_503, ...
    ``figures`` are what the strategy measured itself in its first sample, units in their names
    (``card_p50_ns``); ``series`` are the same over time.
    ``waiting_ns`` is the time of the first sample during which an operation was under way,
    ``peak_in_flight`` how many at most.
    """

    world: str
    strategy: str
    size: int
    status: str = "ok"
    error: str = ""
    samples: list[Sample] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)
    series: list[Series] = field(default_factory=list)
    waiting_ns: int = 0
    peak_in_flight: int = 0
    answer: str = ""
    agrees: bool | None = None
    findings: list[Finding] = field(default_factory=list)
    trace: PackedTrace | None = None

    @property
    def elapsed_ns(self) -> int | None:
        """Median of the samples (the lower one of an even number), or None without any."""
        ordered = sorted(sample.elapsed_ns for sample in self.samples)
        return ordered[(len(ordered) - 1) // 2] if ordered else None


class Prediction(Struct, frozen=True):
    """What a finding said a fix would save, beside what the strategy that is the fix did save."""

    world: str
    size: int
    rule: str
    baseline: str
    strategy: str
    predicted_saving_ns: int
    measured_saving_ns: int
    basis: str

    @property
    def error(self) -> float:
        """Relative error of the prediction: +0.1 means ten per cent more was predicted than was measured."""
        if not self.measured_saving_ns:
            return 0.0 if not self.predicted_saving_ns else float("inf")
        return self.predicted_saving_ns / self.measured_saving_ns - 1


class Claim(Struct, frozen=True):
    """One sentence of a story beside what was measured. ``holds``: None where this run cannot tell."""

    says: str
    measured: str
    holds: bool | None


class ScenarioResult(Struct):
    """Everything measured for one scenario. ``sizes`` are numbers of ``unit``.

    ``goal`` are the figures, with their weights, that strategies are judged by; empty for elapsed time.
    """

    name: str
    title: str
    doc: str
    file: str
    unit: str
    sizes: list[int]
    worlds: list[WorldInfo]
    strategies: list[StrategyInfo]
    cells: list[Cell] = field(default_factory=list)
    predictions: list[Prediction] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    goal: dict[str, float] = field(default_factory=dict)

    def strategy(self, name: str) -> StrategyInfo:
        """The strategy of that name; KeyError if there is none."""
        for info in self.strategies:
            if info.name == name:
                return info
        raise KeyError(name)

    def baseline(self, group: str) -> StrategyInfo | None:
        """The strategy that the others of ``group`` are compared with."""
        return next((s for s in self.strategies if s.baseline and s.group == group), None)

    def cell(self, world: str, strategy: str, size: int) -> Cell | None:
        """That cell, or None if it was not measured."""
        key = (world, strategy, size)
        return next((c for c in self.cells if (c.world, c.strategy, c.size) == key), None)

    def problems(self) -> list[str]:
        """A sentence for each strategy that went wrong in one way without declaring a flaw."""
        places: dict[tuple[str, str], list[str]] = {}
        for cell in self.cells:
            if self.strategy(cell.strategy).flaw:
                continue
            if cell.status not in ("ok", "skipped"):
                wrong = f"{cell.status}: {cell.error}"
            elif cell.agrees is False:
                wrong = "gave another answer than the baseline (PK501)"
            else:
                continue
            place = f"{cell.size} {self.unit} on {cell.world}"
            places.setdefault((cell.strategy, wrong), []).append(place)
        return [
            f"{self.name}: {strategy} at {found[0]}{_more(found)} {wrong}"
            for (strategy, wrong), found in places.items()
        ]


def _more(places: list[str]) -> str:
    more = len(places) - 1
    return f" and {more} more {'cell' if more == 1 else 'cells'}" if more else ""


class CellCost(Struct, frozen=True):
    """What one cell cost on this machine; not part of the result.

    ``computing_ns`` is how long the strategy's own side computed, without servers and simulator: CPU time of
    its process in wall time, real time of its callbacks in virtual time. ``real_ns`` is the whole cell.
    """

    scenario: str
    world: str
    strategy: str
    size: int
    computing_ns: int
    real_ns: int


class Machine(Struct):
    """What depends on the machine and the moment."""

    created: str
    environment: Environment
    git: Git | None = None
    real_ns: int = 0
    costs: list[CellCost] = field(default_factory=list)


class Imported(Struct):
    """What ``perfkit analyze`` read: the file's name, its format, how much was in it, what was left out.

    ``format`` is "otlp", "chrome" or "perfkit"; ``left_out`` are sentences.
    """

    source: str
    format: str
    traces: int = 0
    spans: int = 0
    left_out: list[str] = field(default_factory=list)


class Run(Struct):
    """The document. ``kind`` is "bench", "tune", "trace", "analysis", "gate" or "compare".

    ``clock`` is "virtual" or "wall".
    """

    kind: str
    clock: str
    seed: int
    machine: Machine
    schema: int = SCHEMA
    perfkit: str = ""
    command: list[str] = field(default_factory=list)
    scenarios: list[ScenarioResult] = field(default_factory=list)
    trace: PackedTrace | None = None
    findings: list[Finding] = field(default_factory=list)
    profiles: list[Profile] = field(default_factory=list)
    interrupted: bool = False
    warnings: list[str] = field(default_factory=list)
    imported: Imported | None = None
    tunings: list[Tuning] = field(default_factory=list)
    gate: Gate | None = None
    targets: list[Target] = field(default_factory=list)

    def problems(self) -> list[str]:
        """What keeps this run from passing, a sentence each."""
        tuned = [sentence for tuning in self.tunings if (sentence := tuning.problem())]
        stopped = self.gate.stopping() if self.gate is not None else []
        wrong = [sentence for scenario in self.scenarios for sentence in scenario.problems()]
        missed = [target.problem() for target in self.targets if target.met is False]
        return wrong + tuned + stopped + missed

    @property
    def outcome(self) -> Outcome:
        """FAIL with problems; INCONCLUSIVE when interrupted, or when nothing, or no target, was measured."""
        if self.problems():
            return Outcome.FAIL
        if self.targets and all(target.met is None for target in self.targets):
            return Outcome.INCONCLUSIVE
        if self.gate is not None:
            return Outcome.INCONCLUSIVE if self.interrupted else self.gate.outcome
        read = self.imported is not None and self.imported.spans > 0
        cells = any(cell.samples for scenario in self.scenarios for cell in scenario.cells)
        tuned = any(tuning.chosen is not None for tuning in self.tunings)
        measured = read or self.trace is not None or cells or tuned
        return Outcome.PASS if measured and not self.interrupted else Outcome.INCONCLUSIVE
