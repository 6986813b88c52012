"""The report on a terminal or in a pipe: the order of the page, and short.

All but the last section, "this machine", is the same for equal results. The caller gives the console, whose
width, colours and encoding are kept to. What is left out is said with its count, and where it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.model import Run
from perfkit.report.terminal.console import Writer
from perfkit.report.terminal.findings import write_findings
from perfkit.report.terminal.gate import write_gate
from perfkit.report.terminal.machine import write_machine
from perfkit.report.terminal.scenario import write_scenario
from perfkit.report.terminal.targets import write_targets
from perfkit.report.terminal.trace import write_trace
from perfkit.report.terminal.tuning import write_tuning
from perfkit.report.terminal.verdict import MAX_PROBLEMS, write_verdict
from perfkit.report.view.page import AnalysisView, page

if TYPE_CHECKING:
    from rich.console import Console

MAX_FINDINGS = 6


def render_terminal(run: Run, console: Console) -> None:
    """Write the report of ``run`` to ``console``. Raises MissingExtraError without rich."""
    kept = run.kind in ("bench", "trace", "tune")
    out = Writer(console, elsewhere="the HTML report" if kept else "the HTML report (-f html)")
    shown = page(run)
    write_verdict(shown, out)
    if shown.gate is not None:
        write_gate(shown.gate, shown.answers.record, out)
    if shown.targets is not None:
        write_targets(shown.targets, out)
    brief = len(shown.scenarios) > 1 or shown.gate is not None
    for scenario, headline in zip(shown.scenarios, shown.headlines, strict=False):
        write_scenario(scenario, headline, out, brief=brief)
    for tuned in shown.tunings:
        write_tuning(tuned, out)
    if shown.trace is not None:
        write_trace(shown.trace, out)
    if shown.analysis is not None:
        _analysis(shown.analysis, out)
    write_machine(run, shown, out)


def _analysis(analysis: AnalysisView, out: Writer) -> None:
    if analysis.left_out:
        out.heading("Left out")
    for sentence in analysis.left_out[:MAX_PROBLEMS]:
        out.line(sentence, "yellow")
    more = write_findings(analysis.findings, out, most=MAX_FINDINGS)
    out.more([(len(analysis.left_out) - MAX_PROBLEMS, "sentence"), *more])
