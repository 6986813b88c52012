"""The short report in Markdown, for the summary of a CI step or a comment: verdict, answers, what changed.

What a reader need not see at once is folded, with a count. Text from outside is escaped, so that it can make
no links, images, mentions or HTML. At most 60 kB: a comment on GitHub takes 65,536 characters, a step's
summary more (see ``summary``). What is left out is said. The first line is a comment by which a bot finds the
comment that it wrote before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from perfkit.model import Run
from perfkit.report import units
from perfkit.report.formats.markup import code, folded, listed, table, text
from perfkit.report.view.changes import Changed
from perfkit.report.view.findings import FindingRow, of_run
from perfkit.report.view.gate import MAX_SAYS, GateView, TimingRow
from perfkit.report.view.page import Page, ScenarioView, page
from perfkit.report.view.strategies import Row
from perfkit.report.view.targets import MET, MISSED, Targets

MARKER = "<!-- perfkit -->"
"""The first line of each report."""

MAX_BYTES = 60_000
MAX_PROBLEMS = 10
MAX_OPEN = 10
"""Findings that are not folded."""


_MARKS = {"PASS": "✅", "FAIL": "❌", "INCONCLUSIVE": "❔"}
_NOTE = "The rest does not fit here; the run's other reports have all of it."
_CHANGED = ("what", "of", "base", "head", "change", "interval", "verdict", "line")
_TARGETS = ("target", "of", "limit", "measured", "margin", "verdict")
_FINDINGS = ("finding", "place", "times", "effect", "fix")
_TIMES = ("benchmark", "verdict", "change", "interval", "pairs", "noise", "finds", "instructions", "note")


class _Room(NamedTuple):
    """The most rows and bytes of a table; in proportion to what the whole may have."""

    rows: int
    table_bytes: int


def render(run: Run) -> bytes:
    """The report in UTF-8, ending in a newline, ``MAX_BYTES`` at most. The same run gives the same bytes."""
    return document(run, MAX_BYTES)


def document(run: Run, max_bytes: int) -> bytes:
    """The report of at most ``max_bytes``, with as many rows as there is room for."""
    room = _Room(max(50, max_bytes // 2_000), max_bytes // 3)
    return _fitted(list(_blocks(run, room)), max_bytes)


def _fitted(blocks: list[str], max_bytes: int) -> bytes:
    """All blocks, or those from the top that there is room for and a sentence that says so."""
    encoded = [block.encode("utf-8", "replace") for block in blocks]
    if sum(map(len, encoded)) + 2 * len(encoded) <= max_bytes:
        return b"\n\n".join(encoded) + b"\n"
    room = max_bytes - len(_NOTE) - 2
    kept: list[bytes] = []
    for block in encoded:
        room -= len(block) + 2
        if room < 0:
            break
        kept.append(block)
    return b"\n\n".join([*kept, _NOTE.encode()]) + b"\n"


def _blocks(run: Run, room: _Room) -> Iterator[str]:
    shown = page(run)
    verdict = f"{_MARKS.get(shown.outcome, '')} perfkit: {shown.outcome}"
    yield f"{MARKER}\n### {verdict}: {text(shown.meaning, 500)}"
    yield from _answers(shown)
    if shown.problems:
        problems = [f"**Problem:** {text(problem, 500)}" for problem in shown.problems]
        yield listed(problems, "problem", MAX_PROBLEMS)
    if shown.gate:
        yield from _of_gate(shown.gate, room)
    yield from _findings(run, shown.gate, room)
    if shown.targets:
        yield from _targets(shown.targets, room)
    for scenario in shown.scenarios:
        yield from _strategies(scenario, room)
    if shown.gate:
        yield from _details(shown.gate, room)
    if shown.warnings:
        warnings = [f"Warning: {text(warning, 500)}" for warning in shown.warnings]
        yield listed(warnings, "warning", MAX_PROBLEMS)
    facts = [*shown.environment, ("Clock", shown.clock), ("Noise", shown.noise)]
    rows = [(text(name), text(value, 500)) for name, value in facts]
    yield folded("Environment", table(("", "measured with"), rows, "fact", room))
    yield f"<sub>{text(' · '.join(shown.provenance), 500)}</sub>"


def _answers(shown: Page) -> Iterator[str]:
    """Whether it got worse, by how much, how sure, where, what to do; without an answer the headlines."""
    if shown.answers is not None:
        lines = [f"- **{text(asked)}** {text(said, 500)}" for asked, said in shown.answers.lines if said]
        lines += [f"- {text(when)}: {code(command)}" for when, command in shown.answers.commands]
        yield "\n".join(lines)
    headlines = shown.headlines
    if shown.gate:  # what was compared; the scenarios' own gains are no news here
        headlines = tuple(headline for headline in headlines if not headline.name)
    elif shown.answers is not None and len(headlines) < 2:
        return
    for headline in headlines:
        name = f"**{text(headline.name)}**: " if headline.name else ""
        cause = f"<br>Cause: {text(headline.cause, 500)}" if headline.cause else ""
        yield f"{name}{text(headline.effect, 500)}{cause}"


def _of_gate(gate: GateView, room: _Room) -> Iterator[str]:
    """What changed, counters before times; what did not is a number."""
    if gate.changed:
        yield table(_CHANGED, list(map(_changed, gate.changed)), "change", room)
    if gate.same:
        rows = [(code(name),) for name in gate.same]
        count = units.plural(len(rows), "benchmark")
        yield folded(f"{count} with no change", table(("benchmark",), rows, "benchmark", room))
    if gate.left_out:
        yield text(gate.left_out)
    if gate.problems:
        problems = [f"Not compared: {text(problem, 500)}" for problem in gate.problems]
        yield listed(problems, "problem", MAX_PROBLEMS)


def _changed(row: Changed) -> tuple[str, ...]:
    """Worse and better are words, and worse ones bold: colours and signs are not in every comment."""
    verdict = f"**{text(row.verdict)}**" if row.tone == "worse" else text(row.verdict)
    what = "<br>".join(filter(None, (text(row.what), code(row.template), text(row.says, 400))))
    of = " ".join(filter(None, (text(row.of), text(row.more))))
    figures = (row.before, row.after, row.change, row.interval)
    return what, of, *map(text, figures), verdict, code(row.place)


def _details(gate: GateView, room: _Room) -> Iterator[str]:
    """Each difference's whole sentence, which names what to do; how benchmarks were timed; notes."""
    if gate.differences:
        lines = [code(row.says, MAX_SAYS) for row in gate.differences]
        said = [(line, text(row.entry)) for line, row in zip(lines, gate.differences, strict=True)]
        count = units.plural(len(said), "difference")
        yield folded(f"{count} in full, with what to do", table(("what", "of"), said, "difference", room))
    if gate.timings:
        rows = list(map(_timing, gate.timings))
        count = units.plural(len(rows), "benchmark")
        yield folded(f"{count} in full", table(_TIMES, rows, "benchmark", room))
    if gate.notes:
        notes = [text(note, 500) for note in gate.notes]
        yield folded(units.plural(len(notes), "note"), listed(notes, "note", room.rows))


def _timing(row: TimingRow) -> tuple[str, ...]:
    verdict = f"**{row.verdict}**" if row.verdict == "regressed" else row.verdict
    figures = (row.ratio, row.interval, row.pairs, row.noise, row.detectable, row.instructions)
    return code(row.name), verdict, *figures, text(row.reason, 400)


def _findings(run: Run, gate: GateView | None, room: _Room) -> Iterator[str]:
    """A row for each, the worst first. Folded: known and fixed ones, and those that are meant to be."""
    rows = [found.row for found in of_run(run)]
    told = {(row.rule, row.site, row.template) for row in rows}
    new = [row for row in (gate.new if gate else ()) if (row.rule, row.site, row.template) not in told]
    known = [row for row in rows if row.status == "known"]
    meant = [row for row in rows if row.meant and not row.status]
    opened = [*new, *(row for row in rows if row.status == "new" or not (row.meant or row.status))]
    if opened:
        word = "new finding" if new or any(row.status for row in opened) else "finding"
        yield f"#### {units.plural(len(opened), word)}"
        yield _finding_table(opened[:MAX_OPEN], room)
    folds = (
        ("more finding", "", opened[MAX_OPEN:]),
        ("known finding", "", known),
        ("fixed finding", "", list(gate.fixed) if gate else []),
        ("finding", " only in strategies that are there to be slow or wrong", meant),
    )
    for word, where, some in folds:
        if some:
            yield folded(f"{units.plural(len(some), word)}{where}", _finding_table(some, room))


def _finding_table(rows: list[FindingRow], room: _Room) -> str:
    return table(_FINDINGS, list(map(_finding, rows)), "finding", room)


def _finding(row: FindingRow) -> tuple[str, ...]:
    name = f"{text(row.rule)} {text(row.name)}<br>{code(row.template)}"
    return name, code(row.site), text(row.times), text(row.effect), text(row.fix)


def _targets(targets: Targets, room: _Room) -> Iterator[str]:
    """Missed ones, and those that nothing was measured for; the others folded."""
    rows = [
        (
            row.verdict,
            (
                text(row.metric),
                text(row.scope),
                text(row.limit),
                text(row.measured),
                text(row.margin),
                f"**{row.verdict}**" if row.verdict == MISSED else row.verdict,
            ),
        )
        for row in targets.rows
    ]
    open_rows = [cells for verdict, cells in rows if verdict != MET]
    met = [cells for verdict, cells in rows if verdict == MET]
    yield f"#### Targets: {text(targets.summary)}"
    if open_rows:
        yield table(_TARGETS, open_rows, "target", room)
    if met:
        yield folded(f"{units.plural(len(met), 'target')} met", table(_TARGETS, met, "target", room))


def _strategies(scenario: ScenarioView, room: _Room) -> Iterator[str]:
    """The main size of each world, folded."""
    for world in scenario.worlds:
        panel = next((panel for panel in world.panels if panel.open), world.panels[-1])
        client = len(panel.groups) > 1
        rows = [_strategy(group.name if client else "", row) for group in panel.groups for row in group.rows]
        counters = (*map(text, panel.columns), "in flight")
        heads = ("client", "strategy", *counters, "time", "interval", "factor", "answer")
        title = f"{text(scenario.name)}: {units.plural(len(rows), 'strategy')} at {text(panel.size)}"
        yield folded(f"{title}, {text(world.title)}", table(heads, rows, "strategy", room))


def _strategy(client: str, row: Row) -> tuple[str, ...]:
    figures = (*row.counters, row.elapsed, row.interval, row.factor, row.answer)
    return text(client), code(row.name), *map(text, figures)
