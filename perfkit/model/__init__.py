"""The words of the house: spans, traces, findings, runs, and how they are stored. Imports msgspec only."""

from perfkit.model.finding import Finding
from perfkit.model.gate import Change, Difference, Gate, Timing
from perfkit.model.packing import PackedTrace, pack, unpack
from perfkit.model.run import (
    SCHEMA,
    Cell,
    CellCost,
    Claim,
    Environment,
    Git,
    Imported,
    Machine,
    Mark,
    Prediction,
    Run,
    Sample,
    ScenarioResult,
    Series,
    StrategyInfo,
    WorldInfo,
)
from perfkit.model.target import Target
from perfkit.model.trace import Frame, HostFacts, Span, Trace, busy_ns, peak_overlap
from perfkit.model.tuning import Knee, Point, Step, Tuning
from perfkit.model.verdict import Outcome, Verdict

__all__ = [
    "SCHEMA",
    "Cell",
    "CellCost",
    "Change",
    "Claim",
    "Difference",
    "Environment",
    "Finding",
    "Frame",
    "Gate",
    "Git",
    "HostFacts",
    "Imported",
    "Knee",
    "Machine",
    "Mark",
    "Outcome",
    "PackedTrace",
    "Point",
    "Prediction",
    "Run",
    "Sample",
    "ScenarioResult",
    "Series",
    "Span",
    "Step",
    "StrategyInfo",
    "Target",
    "Timing",
    "Trace",
    "Tuning",
    "Verdict",
    "WorldInfo",
    "busy_ns",
    "pack",
    "peak_overlap",
    "unpack",
]
