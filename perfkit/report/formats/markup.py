"""Foreign text in Markdown: what stays text, what is code, and tables of both."""

from __future__ import annotations

import re
from collections.abc import Sequence

from perfkit.report import units

MAX_CELL = 240

_SPECIAL = re.compile(r"[\\`*_\[\]<>&|~$]")
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
_BECOMES_A_LINK = re.compile(r"@|#(?=\d)|:(?=//)|w(?=ww\.)|(?<=gh)-(?=\d)", re.IGNORECASE)
"""Mentions, numbers of issues (``#1``, ``GH-1``) and addresses: made after escapes are undone, so the text is
cut in two."""


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


def folded(summary: str, *blocks: str) -> str:
    """What is closed at first; ``summary`` is one line of text already escaped."""
    return "\n\n".join((f"<details><summary>{summary}</summary>", *blocks, "</details>"))


def listed(sentences: Sequence[str], word: str, most: int) -> str:
    """Sentences, already escaped, as a list; of more than ``most`` it says how many more there are."""
    lines = [f"- {sentence}" for sentence in sentences[:most]]
    left = len(sentences) - most
    return "\n".join(lines + ([f"- and {units.plural(left, f'more {word}')}"] if left > 0 else []))


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], word: str, room: tuple[int, int]) -> str:
    """A table of as many rows as there is room for (rows, bytes), and how many more there are.

    Columns that are empty in all rows are left out. Cells are already escaped.
    """
    kept = [index for index in range(len(heads)) if any(row[index] for row in rows)]
    lines = [_line(heads, kept), _line(["---"] * len(heads), kept)]
    most, left_bytes = room
    for row in rows[:most]:
        line = _line(row, kept)
        left_bytes -= len(line.encode("utf-8", "replace")) + 1
        if left_bytes < 0:
            break
        lines.append(line)
    left = len(rows) - len(lines) + 2
    if left:
        more = f"{units.plural(left, f'more {word}')} not shown here; the run's other reports have more."
        return "\n".join((*(lines if len(lines) > 2 else ()), "", more)).lstrip("\n")
    return "\n".join(lines)


def _line(cells: Sequence[str], kept: Sequence[int]) -> str:
    return f"| {' | '.join(cells[index] for index in kept)} |"
