"""Scenarios that are declared and never run, and what is made of them by hand."""

import perfkit
from perfkit.bench.operations import Operations
from perfkit.bench.targets.metrics import Subject
from perfkit.model import Cell, Sample, ScenarioResult, StrategyInfo, WorldInfo
from perfkit.worlds import WebWorld

MS = 1_000_000


def declared(**options):
    """A scenario of two groups: "slow" (baseline), "fast", "odd" (flawed), and "b.slow" (baseline)."""
    world = WebWorld(lambda size: None)
    options = {"sizes": (10, 100, 1000), "world": {"near": world, "far": world}, "unit": "rows"} | options
    scenario = perfkit.Scenario("page", **options)
    scenario.strategy(baseline=True, name="slow", sizes=(10, 100))(work)
    scenario.strategy(name="fast")(work)
    scenario.strategy(name="odd", flaw="loses rows")(work)
    scenario.strategy(name="b.slow", group="b", baseline=True)(work)
    scenario.strategy(name="b.far", group="b", worlds=("far",))(work)
    return scenario


async def work(world, size): ...


def result(*cells, goal=None):
    return ScenarioResult(
        "page",
        "Page",
        "",
        "page.py",
        "rows",
        [10, 100],
        [WorldInfo("near", "near by"), WorldInfo("far", "")],
        [StrategyInfo("slow", baseline=True), StrategyInfo("fast")],
        list(cells),
        goal=goal or {},
    )


def subject(*elapsed_ms, clock="virtual", goal=None, operations=None, computing_ns=0, peak=None, **changes):
    """A cell of ten rows with these samples."""
    fields = {"samples": [Sample(seed, ms * MS) for seed, ms in enumerate(elapsed_ms)]} | changes
    cell = Cell("near", "fast", 10, **fields)
    never = peak or (lambda cell: (_ for _ in ()).throw(AssertionError("memory was measured")))
    return Subject(result(cell, goal=goal), cell, clock, operations or Operations(), computing_ns, never)
