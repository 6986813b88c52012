"""The report on a terminal or in a pipe: the same order as the page, but short.

All but the last section, "this machine", is the same for equal results. The caller gives the console, whose
width, colours and encoding are kept to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from perfkit.model import Cell, Run, ScenarioResult, StrategyInfo
from perfkit.report import units
from perfkit.report.terminal.console import Writer
from perfkit.report.terminal.gate_text import write_gate
from perfkit.report.view import goals, strategies
from perfkit.report.view.findings import MAX_ROWS, FindingRow
from perfkit.report.view.headline import middle
from perfkit.report.view.page import AnalysisView, Page, ScenarioView, TraceView, page
from perfkit.report.view.tuned import Tuned

if TYPE_CHECKING:
    from rich.console import Console

MAX_SIZES = 3
MAX_PROBLEMS = 10
MAX_FINDINGS = 6
MAX_NAMES = 8
_STYLES = {"PASS": "bold green", "FAIL": "bold red", "INCONCLUSIVE": "bold yellow"}


def render_terminal(run: Run, console: Console) -> None:
    """Write the report of ``run`` to ``console``. Raises MissingExtraError without rich."""
    out, shown = Writer(console), page(run)
    _verdict(shown, out)
    for scenario in shown.scenarios:
        for world in scenario.source.worlds:
            for group in strategies.groups(scenario.source):
                _strategies(scenario.source, world.name, group, out)
        _figure_tables(scenario, out)
        _fixes(scenario, out)
        _predictions(scenario, out)
        _findings(scenario.findings, out)
        _claims(scenario, out)
    for tuned in shown.tunings:
        _tuning(tuned, out)
    if shown.gate is not None:
        write_gate(shown.gate, out)
    if shown.trace is not None:
        _trace(shown.trace, out)
    if shown.analysis is not None:
        _analysis(shown.analysis, out)
    _machine(run, shown, out)


def _verdict(shown: Page, out: Writer) -> None:
    out.line(f"{shown.outcome}: {shown.meaning}", _STYLES.get(shown.outcome, ""))
    for problem in shown.problems[:MAX_PROBLEMS]:
        out.line(f"problem: {problem}", "red")
    _left_out(len(shown.problems) - MAX_PROBLEMS, "problem", out)
    for headline in shown.headlines:
        out.line(f"{headline.name}: {headline.effect}" if headline.name else headline.effect)
        if headline.cause:
            out.line(f"cause: {headline.cause}", indent=2)
    for warning in shown.warnings:
        out.line(f"warning: {warning}", "yellow")


def _left_out(count: int, word: str, out: Writer, *, all_in: str = "HTML report") -> None:
    if count > 0:
        out.line(f"{units.plural(count, f'more {word}')} not shown here; the {all_in} has all.")


def _sizes(source: ScenarioResult) -> list[int]:
    """At most three: the smallest, the middle one and the largest."""
    if len(source.sizes) <= MAX_SIZES:
        return sorted(source.sizes)
    return sorted({min(source.sizes), middle(source.sizes), max(source.sizes)})


def _strategies(source: ScenarioResult, world: str, group: str, out: Writer) -> None:
    """One world and group: a row for each strategy, a column for each size."""
    sizes = _sizes(source)
    cells = {(c.strategy, c.size): c for c in source.cells if c.world == world and c.size in sizes}
    members = [
        i for i in source.strategies if i.group == group and any((i.name, size) in cells for size in sizes)
    ]
    if not members:
        return
    title = next((w.title or w.name for w in source.worlds if w.name == world), world)
    place = ", ".join(filter(None, (units.clean(title, 60), units.clean(group, 40))))
    measure = goals.name(source)
    out.heading(f"{place}: calls, {'time' if measure == goals.ELAPSED else measure}, factor")
    columns = [
        _aligned([_figures(source, cells.get((info.name, size))) for info in members]) for size in sizes
    ]
    names = [units.clean(info.name, 60) for info in members]
    heads = ["strategy", *(f"{size:,} {units.clean(source.unit, 12)}" for size in sizes)]
    out.table(heads, list(zip(names, *columns, strict=True)))
    for info in members:
        note = _note([cell for size in sizes if (cell := cells.get((info.name, size))) is not None], info)
        if note:
            out.line(f"{units.clean(info.name, 60)}: {note}", indent=2)
    _left_out(len(source.sizes) - len(sizes), "size", out)


def _figures(source: ScenarioResult, cell: Cell | None) -> tuple[str, str, str]:
    if cell is None:
        return "", "", ""
    calls = strategies.calls(cell)
    judged_ns = goals.time_ns(source, cell) if cell.status == "ok" else None
    time = strategies.status(source, cell) if judged_ns is None else units.compact(judged_ns)
    # a minus, since " slower" has no room: 2.0x- takes twice as long as the baseline
    return units.number(calls), time, strategies.factor(source, cell).replace(" slower", "-")


def _aligned(figures: Sequence[tuple[str, str, str]]) -> list[str]:
    """Three numbers each as one column, so that they stand under one head."""
    widths = [max(map(len, column)) for column in zip(*figures, strict=True)]
    return [
        " ".join(part.rjust(width) for part, width in zip(row, widths, strict=True)).rstrip()
        for row in figures
    ]


def _note(cells: list[Cell], info: StrategyInfo) -> str:
    """What the table has no room for: answers that differ, errors, refused calls, known flaws."""
    facts = []
    if any(cell.agrees is False for cell in cells):
        facts.append("answer differs from the baseline's (PK501)")
    facts += dict.fromkeys(f"{cell.status}: {units.clean(cell.error, 160)}" for cell in cells if cell.error)
    for key in strategies.counter_keys(cells):
        if key.startswith("status_"):
            counts = ", ".join(units.number(cell.counters.get(key, 0)) for cell in cells)
            facts.append(f"{strategies.counter_name(key)}: {counts}")
    if info.flaw and facts:
        facts.append(f"known flaw: {units.clean(info.flaw, 160)}")
    return "; ".join(facts)


def _figure_tables(scenario: ScenarioView, out: Writer) -> None:
    """What strategies measured themselves: as many columns as there is room for."""
    for table in scenario.figures:
        out.heading(f"{table.place}: measured by the strategies")
        columns = [list(column) for column in zip(*(row.figures for row in table.rows), strict=True)]
        names = [row.name for row in table.rows]
        room = out.console.width - max(8, *map(len, names))
        shown = 0
        for head, column in zip(table.columns, columns, strict=True):
            room -= max(map(len, (head, *column))) + 2
            shown += room >= 0
        heads = ("strategy", *table.columns[:shown])
        out.table(heads, [(row.name, *row.figures[:shown]) for row in table.rows])
        _left_out(len(columns) - shown, "figure", out)


def _fixes(scenario: ScenarioView, out: Writer) -> None:
    """Those of the size that is shown first; the page has the other sizes."""
    for fixes in scenario.fixes:
        if fixes.open or len(scenario.source.sizes) == 1:
            out.heading(f"What each fix is worth at {fixes.size}, {fixes.place}")
            rows = [(row.name, row.on, row.calls, row.after, row.saves) for row in fixes.rows]
            out.table(("fix", "on top of", "calls", "after", "saves"), rows)


def _predictions(scenario: ScenarioView, out: Writer) -> None:
    """Those of the middle size; of the others only how far off they were."""
    if not scenario.predictions:
        return
    sizes = [row.size for row in scenario.predictions]
    first = middle(scenario.source.sizes)
    first = first if first in sizes else max(sizes)
    shown = [row for row in scenario.predictions if row.size == first]
    out.heading(f"Prediction beside result at {first:,} {units.clean(scenario.source.unit, 30)}: saving")
    rows = [(f"{p.rule} {p.world}: {p.fix}", p.predicted, p.measured, p.error) for p in shown]
    out.table(("fix", "predicted", "measured", "error"), rows)
    if len(shown) < len(sizes):
        errors = [row.relative_error for row in scenario.predictions]
        low, high = units.percent(min(errors)), units.percent(max(errors))
        out.line(f"{len(sizes) - len(shown)} more at other sizes; all errors lie between {low} and {high}.")


def _findings(rows: tuple[FindingRow, ...], out: Writer) -> None:
    out.heading("Findings")
    if not rows:
        out.line("none")
    for row in rows[:MAX_FINDINGS]:
        often = f": {row.times}" if row.times else ""
        out.line(f"{row.rule} {row.name}{often} {row.where}")
        out.line(row.template, "dim", indent=2)
        where = f" ({row.worst})" if row.worst else ""
        out.line(f"{row.effect}{where}", indent=2)
        if row.fix:
            out.line(f"fix: {row.fix}", indent=2)
    all_in = "HTML report" if len(rows) <= MAX_ROWS else "JSON of the run"
    _left_out(len(rows) - MAX_FINDINGS, "finding", out, all_in=all_in)
    if rows:
        out.line(f"More about a rule: perfkit explain {rows[0].rule}")


def _claims(scenario: ScenarioView, out: Writer) -> None:
    if not scenario.claims:
        return
    out.heading("The story beside the measurement")
    for claim in scenario.claims:
        out.line(f"[{claim.verdict}] {claim.says}")
        out.line(f"measured: {claim.measured}", indent=2)


def _tuning(tuned: Tuned, out: Writer) -> None:
    out.heading(f"{tuned.title}: made small is {tuned.goal}")
    for number, sentence in enumerate(tuned.sentences):
        out.line(sentence, "bold" if number == 0 else "")
    for warning in tuned.warnings:
        out.line(f"note: {warning}", "yellow")
    heads = ("setting", "goal", "factor", *tuned.columns)
    out.table(heads, [(row.name, row.goal, row.factor, *row.figures) for row in tuned.rows])
    for row in tuned.rows:
        if row.note:
            out.line(f"{row.name}: {row.note}", indent=2)


def _trace(trace: TraceView, out: Writer) -> None:
    out.heading("Where the time went")
    for split in trace.tables.splits:
        out.line(f"{split.name}: {split.whole}, {', '.join(split.parts) or 'nothing measured'}")
    rows = [(kind.kind, kind.count, kind.busy, kind.share) for kind in trace.tables.kinds]
    out.table(("kind", "count", "under way", "of the whole"), rows)
    _findings(trace.findings, out)
    for profile in trace.profiles:
        out.heading(profile.title)
        out.line(profile.summary)
        out.table(profile.headings, list(profile.rows))
        for note in profile.notes:
            out.line(note)
    out.heading("Slowest operations")
    names = trace.tables.names[:MAX_NAMES]
    out.table(("name", "count", "total", "longest"), [(n.name, n.count, n.total, n.longest) for n in names])
    _left_out(trace.tables.names_left_out + len(trace.tables.names) - len(names), "name", out)
    for note in trace.tables.notes:
        out.line(note)


def _analysis(analysis: AnalysisView, out: Writer) -> None:
    if analysis.left_out:
        out.heading("Left out")
    for sentence in analysis.left_out[:MAX_PROBLEMS]:
        out.line(sentence, "yellow")
    _left_out(len(analysis.left_out) - MAX_PROBLEMS, "sentence", out)
    _findings(analysis.findings, out)


def _machine(run: Run, shown: Page, out: Writer) -> None:
    out.heading("This machine (differs from run to run)")
    for headline in shown.headlines:
        if headline.bound_by is not None:
            name = f"{headline.name}: " if headline.name else ""
            out.line(f"{name}{headline.bound_by.sentence} ({headline.bound_by.numbers})")
    for scenario in shown.scenarios:
        for sentence in scenario.lower_bounds[:MAX_PROBLEMS]:
            out.line(f"{scenario.name}: {sentence}")
        _left_out(len(scenario.lower_bounds) - MAX_PROBLEMS, "lower bound", out)
    for tuned in shown.tunings:
        if tuned.lower_bound:
            out.line(tuned.lower_bound)
    out.line(" · ".join(shown.provenance))
    if run.machine.real_ns:
        out.line(f"real time {units.seconds(run.machine.real_ns)}")
