"""The short report in Markdown, for the summary of a CI step or a comment: the verdict, then tables.

Text from outside is escaped, so that it can make no links, images, mentions or HTML. At most 60 kB: a comment
on GitHub takes 65,536 characters. What is left out is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from perfkit.model import Run
from perfkit.report import units
from perfkit.report.view.findings import of_run
from perfkit.report.view.gate import MAX_SAYS, DifferenceRow, GateView, TimingRow
from perfkit.report.view.page import Page, page

MAX_BYTES = 60_000
MAX_ROWS = 50
MAX_TABLE_BYTES = 20_000
MAX_PROBLEMS = 10
MAX_CELL = 240

_MARKS = {"PASS": "✅", "FAIL": "❌", "INCONCLUSIVE": "❔"}
_SPECIAL = re.compile(r"[\\`*_\[\]<>&|~$]")
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
_BECOMES_A_LINK = re.compile(r"@|#(?=\d)|:(?=//)|(?<=www)\.", re.IGNORECASE)
"""Mentions, numbers of issues and addresses: made after escapes are undone, so the text is cut in two."""

_CHANGED = ("change", "what", "of", "line")
_TIMES = (
    "benchmark",
    "verdict",
    "change",
    "interval",
    "base",
    "head",
    "pairs",
    "noise",
    "finds",
    "instructions",
)


def render(run: Run) -> bytes:
    """The report in UTF-8, ending in a newline, ``MAX_BYTES`` at most. The same run gives the same bytes."""
    shown = page(run)
    mark = _MARKS.get(shown.outcome, "")
    blocks = [f"### {mark} perfkit: {shown.outcome}: {text(shown.meaning, 500)}"]
    blocks += _headlines(shown)
    blocks += _list([text(problem, 500) for problem in shown.problems], "problem")
    blocks += _of_gate(shown.gate) if shown.gate else _of_findings(run)
    blocks += _list([f"Warning: {text(warning, 500)}" for warning in shown.warnings], "warning")
    blocks.append(f"<sub>{text(' · '.join(shown.provenance), 500)}</sub>")
    return _fitted(blocks).encode("utf-8", "replace")


def _fitted(blocks: list[str]) -> str:
    """All blocks, or those from the top that there is room for and a sentence that says so."""
    whole = "\n\n".join(blocks) + "\n"
    if len(whole.encode("utf-8", "replace")) <= MAX_BYTES:
        return whole
    note = "The rest does not fit here; the run's other reports have all of it."
    room = MAX_BYTES - len(note) - 2
    kept: list[str] = []
    for block in blocks:
        room -= len(block.encode("utf-8", "replace")) + 2
        if room < 0:
            break
        kept.append(block)
    return "\n\n".join([*kept, note]) + "\n"


def text(words: str, limit: int = MAX_CELL) -> str:
    r"""Foreign text that stays text.

    >>> text("a_b | <img> @you [x](http://y)")
    'a\\_b \\| &lt;img&gt; @<!-- -->you \\[x\\](http:<!-- -->//y)'
    """
    shown = _SPECIAL.sub(lambda found: _ENTITIES.get(found[0], f"\\{found[0]}"), units.clean(words, limit))
    return _BECOMES_A_LINK.sub(lambda found: f"{found[0]}<!-- -->", shown)


def code(words: str, limit: int = MAX_CELL) -> str:
    r"""Foreign text as code, in which nothing becomes anything else; for a cell of a table.

    >>> code("SELECT a | b"), code("`x`"), code("")
    ('`SELECT a \\| b`', '`` `x` ``', '')
    """
    shown = units.clean(words, limit).strip().replace("|", "\\|")
    if not shown:
        return ""
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    space = " " if "`" in (shown[0], shown[-1]) else ""
    return f"{fence}{space}{shown}{space}{fence}"


def _headlines(shown: Page) -> Iterable[str]:
    for headline in shown.headlines:
        name = f"**{text(headline.name)}**: " if headline.name else ""
        yield name + text(headline.effect, 500)
        if headline.cause:
            yield f"Cause: {text(headline.cause, 500)}"


def _list(sentences: list[str], word: str) -> list[str]:
    if not sentences:
        return []
    lines = [f"- {sentence}" for sentence in sentences[:MAX_PROBLEMS]]
    left = len(sentences) - MAX_PROBLEMS
    return ["\n".join(lines + ([f"- and {units.plural(left, f'more {word}')}"] if left > 0 else []))]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], word: str) -> Iterable[str]:
    """A table of as many rows as there is room for, and how many more there are; empty columns left out."""
    kept = [index for index in range(len(heads)) if any(row[index] for row in rows)]
    lines = [_line(heads, kept), _line(["---"] * len(heads), kept)]
    room = MAX_TABLE_BYTES
    for row in rows[:MAX_ROWS]:
        line = _line(row, kept)
        room -= len(line.encode("utf-8", "replace"))
        if room < 0:
            break
        lines.append(line)
    yield "\n".join(lines)
    left = len(rows) - len(lines) + 2
    if left:
        yield f"{units.plural(left, f'more {word}')} not shown here; the run's other reports have more."


def _line(cells: Sequence[str], kept: list[int]) -> str:
    return f"| {' | '.join(cells[index] for index in kept)} |"


def _of_gate(gate: GateView) -> Iterable[str]:
    if gate.differences:
        yield from _table(_CHANGED, list(map(_difference, gate.differences)), "difference")
    if gate.timings:
        yield from _table(_TIMES, list(map(_timing, gate.timings)), "benchmark")
    if gate.left_out:
        yield gate.left_out
    if gate.problems:
        yield from _list([f"Not compared: {text(problem, 500)}" for problem in gate.problems], "problem")
    details = [f"{row.name}: {row.reason}" for row in gate.timings[:MAX_ROWS] if row.reason]
    if details or gate.notes:
        lines = "\n".join(f"- {text(line, 500)}" for line in [*gate.notes[:MAX_ROWS], *details])
        yield f"<details><summary>Details</summary>\n\n{lines}\n\n</details>"


def _difference(row: DifferenceRow) -> tuple[str, ...]:
    change = f"**{row.change}**" if row.stops else row.change
    return change, code(row.says, MAX_SAYS), text(row.entry), code(row.place)


def _timing(row: TimingRow) -> tuple[str, ...]:
    verdict = f"**{row.verdict}**" if row.verdict == "regressed" else row.verdict
    figures = (row.ratio, row.interval, row.base, row.head, row.pairs, row.noise, row.detectable)
    return code(row.name), verdict, *figures, row.instructions


def _of_findings(run: Run) -> Iterable[str]:
    """A row for each finding, the worst first; those that are meant to be there stand below the others."""
    found = of_run(run)
    if not found:
        return
    rows = [
        (
            text(f"{one.row.rule} {one.row.name}"),
            code(one.row.site),
            text(one.row.times),
            text(one.row.effect),
            text(one.row.fix),
        )
        for one in found
    ]
    yield from _table(("finding", "place", "times", "effect", "fix"), rows, "finding")
