"""The end of the terminal's report: what differs from machine to machine, and where the run comes from."""

from __future__ import annotations

from perfkit.model import Run
from perfkit.report import units
from perfkit.report.terminal.console import Writer
from perfkit.report.view.page import Page

MAX_BOUNDS = 3


def write_machine(run: Run, shown: Page, out: Writer) -> None:
    """What bound the program, what is a lower bound only, and the run's provenance."""
    if run.gate is None or run.scenarios or run.trace:
        out.heading("This machine (differs from run to run)")
        _bounds(shown, out)
    real = f" · real time {units.seconds(run.machine.real_ns)}" if run.machine.real_ns else ""
    out.line(" · ".join(shown.provenance) + real, "dim")


def _bounds(shown: Page, out: Writer) -> None:
    brief = len(shown.headlines) > 1
    for headline in shown.headlines:
        if headline.bound_by is not None:
            name = f"{headline.name}: " if headline.name else ""
            numbers = "" if brief else f" ({headline.bound_by.numbers})"
            out.line(f"{headline.bound_by.sentence}{numbers}", label=name)
    bounds = [
        f"{scenario.name}: {sentence}" for scenario in shown.scenarios for sentence in scenario.lower_bounds
    ]
    bounds += [tuned.lower_bound for tuned in shown.tunings if tuned.lower_bound]
    for sentence in bounds[:MAX_BOUNDS]:
        out.line(sentence)
    out.more([(len(bounds) - MAX_BOUNDS, "lower bound")])
