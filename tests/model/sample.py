"""A small run that uses every part of the document."""

from perfkit.model import (
    Cell,
    CellCost,
    Claim,
    Environment,
    Finding,
    Frame,
    Git,
    Machine,
    Prediction,
    Run,
    Sample,
    ScenarioResult,
    Span,
    StrategyInfo,
    Trace,
    WorldInfo,
    pack,
)

SITE = Frame("scenarios/leads.py", 88, "serial")


def small_run() -> Run:
    finding = Finding("PK102", "n-plus-one-request", "POST h/x {}", 20, 4_000, SITE, (SITE,), 3_000, "basis")
    trace = Trace("virtual", 0, 500, [Span(1, None, "request", "POST h/x", 0, 500, SITE, (SITE,), 1, 1)])
    cells = [
        Cell("own", "serial", 20, samples=[Sample(1, 5_000)], answer="{}", agrees=True, findings=[finding]),
        Cell("own", "batched", 20, samples=[Sample(1, 1_000)], answer="{}", agrees=True, trace=pack(trace)),
    ]
    scenario = ScenarioResult(
        "leads",
        "Leads",
        "doc",
        "leads.py",
        "leads",
        [20],
        [WorldInfo("own", "own server", 200)],
        [StrategyInfo("serial", baseline=True), StrategyInfo("batched", fixes="PK102")],
        cells,
        [Prediction("own", 20, "PK102", "serial", "batched", 3_000, 4_000, "basis")],
        [Claim("20-80 s", "41 s", True)],
    )
    environment = Environment("3.11.7", "CPython", "Linux", "x86_64", 2, {"aiohttp": "3.14.5"})
    machine = Machine("2026-01-05T09:00:00+00:00", environment, Git("a" * 40, "main", False), 7)
    machine.costs.append(CellCost("leads", "own", "serial", 20, 3, 9))
    return Run("bench", "virtual", 1, machine, perfkit="0.1.0", scenarios=[scenario])
