"""Lines and tables on a rich console: no markup, no highlighting, plain ASCII where the encoding needs it.

Nothing is cut: what has no room is folded, or a column is left out whole, which ``Writer.table`` tells.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.errors import MissingExtraError
from perfkit.report import units

if TYPE_CHECKING:
    from rich.box import Box
    from rich.console import Console, JustifyMethod, RenderableType
    from rich.text import Text

# ruff: noqa: RUF001 - the characters that look like others are what this is about
_ASCII = str.maketrans({"…": "...", "·": "-", "→": "->", "µ": "u", "×": "x", "≥": ">=", "–": "-", "─": "-"})
_UNIT = re.compile(r"(?<=\d) (?=(?:%|[num\u00b5]?s|min|h|[kMG]?B)(?:\W|$))")
_JOINED = "\ue000"
"""Stands between a figure and its unit while a paragraph is wrapped: they stay together."""

_EIGHTHS = " ▏▎▍▌▋▊▉"

TEXT_MIN = 12
"""Columns to which texts are folded before figures are."""

BAR_MIN, BAR_KEPT, BAR_MAX = 5, 10, 20
"""Columns that bars take, where there is that much room; optional columns leave them ``BAR_KEPT``."""


@dataclass(frozen=True)
class Column:
    """A column of a table: figures at the right, or text at the left, which is folded where it must be.

    ``optional`` ones are left out before a text is folded, the last one first.
    """

    head: str
    cells: tuple[str, ...]
    text: bool = False
    optional: bool = False

    @classmethod
    def of(cls, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Column]:
        """A text and figures beside it, from rows."""
        columns = zip(*rows, strict=True) if rows else ((),) * len(heads)
        pairs = zip(heads, columns, strict=True)
        return [cls(head, tuple(cells), text=place == 0) for place, (head, cells) in enumerate(pairs)]


@dataclass(frozen=True)
class Bars:
    """Bars at the end of a table's rows, in per cent of the longest; None where there is none."""

    head: str
    percents: tuple[float | None, ...]


class Writer:
    """Writes to ``console``; what it leaves out is ``elsewhere``.

    Raises MissingExtraError without rich, before anything is written.
    """

    def __init__(self, console: Console, *, elsewhere: str = "the HTML report") -> None:
        try:
            import rich.text  # noqa: F401
        except ImportError as error:
            raise MissingExtraError("the terminal report", "rich", "report") from error
        self.console = console
        self.elsewhere = elsewhere
        self.ascii = not console.encoding.lower().startswith("utf")

    def plain(self, text: str) -> str:
        """``text`` as the console can show it."""
        if not self.ascii:
            return text
        return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")

    def line(self, text: str = "", style: str = "", *, indent: int = 0, label: str = "") -> None:
        """One paragraph, wrapped at the console's width, its lines indented alike behind ``label``."""
        from rich.text import Text

        wide = self.console.width
        if columns_of(label) > wide // 2:
            text, label = label + text, ""
        body, first = Text(_UNIT.sub(_JOINED, self.plain(text)), style=style), self.plain(label)
        indent = max(min(indent, wide // 2), columns_of(first))
        for line in body.wrap(self.console, wide - indent, overflow="fold"):
            said = line.plain.rstrip().replace(_JOINED, " ")
            lead = first + " " * (indent - columns_of(first)) if said else ""
            self._print(Text.assemble(lead, (said, style)))
            first = ""

    def heading(self, text: str) -> None:
        """A line that starts a section."""
        self.line()
        self.line(text, "bold")

    def rule(self, text: str) -> None:
        """A line across the page that starts a part of several sections."""
        self.line()
        rest = self.console.width - columns_of(self.plain(text)) - 4
        self.line(f"── {text} {'─' * rest}" if rest > 0 else f"── {text}", "bold")

    def more(self, counts: Iterable[tuple[int, str]]) -> None:
        """Says how many of what is not shown here, and where it is; equal words are added up."""
        sums: dict[str, int] = {}
        for count, word in counts:
            sums[word] = sums.get(word, 0) + max(0, count)
        parts = [units.plural(count, f"more {word}") for word, count in sums.items() if count]
        if parts:
            self.line(f"In {self.elsewhere}: {', '.join(parts)}.", "dim")

    def table(self, columns: Sequence[Column], bars: Bars | None = None) -> tuple[str, ...]:
        """Print it, with ``bars`` where there is room; the heads of columns that there was no room for."""
        from rich.table import Table

        shown, left_out = self._fitting(columns, BAR_KEPT + 2 if bars else 0)
        room = self.console.width - self._needed(shown) - 2
        if bars is not None and room >= BAR_MIN:
            width = min(room, BAR_MAX)
            drawn = tuple("" if share is None else self._bar(share, width) for share in bars.percents)
            shown.append(Column(bars.head, drawn, text=True))
        table = Table(box=self._box(), show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
        table.header_style = "bold"
        for column, wide in zip(shown, self._widths(shown), strict=True):
            justify: JustifyMethod = "left" if column.text else "right"
            table.add_column(self._text(column.head), justify=justify, width=wide, overflow="fold")
        for row in zip(*(column.cells for column in shown), strict=True):
            table.add_row(*map(self._text, row))
        for line in self._lines(table):
            self._print(line)
        return left_out

    def _bar(self, percent: float, width: int) -> str:
        """At least a trace of one, of eighths of a column where the console can show them."""
        eighths = max(1, round(percent / 100 * width * 8))
        if self.ascii:
            return "#" * max(1, round(eighths / 8))
        return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()

    def _fitting(self, columns: Sequence[Column], kept: int) -> tuple[list[Column], tuple[str, ...]]:
        shown, left_out = list(columns), []
        for column in reversed(columns):
            if column.optional and self._needed(shown) + kept > self.console.width:
                shown.remove(column)
                left_out.append(column.head)
        return shown, tuple(reversed(left_out))

    def _needed(self, columns: Sequence[Column]) -> int:
        return sum(map(self._wide, columns)) + 2 * (len(columns) - 1)

    def _widths(self, columns: Sequence[Column]) -> list[int]:
        """Heads give way first, then texts, and at last all."""
        wide = [max(self._wide(column), columns_of(self.plain(column.head))) for column in columns]
        least = [self._wide(column) for column in columns]
        texts = [min(TEXT_MIN, low) if c.text else low for c, low in zip(columns, least, strict=True)]
        for floor in (least, texts, [1] * len(columns)):
            while sum(wide) + 2 * (len(wide) - 1) > self.console.width and wide != floor:
                above = [at for at in range(len(wide)) if wide[at] > floor[at]]
                wide[max(above, key=wide.__getitem__)] -= 1
        return wide

    def _wide(self, column: Column) -> int:
        """What it takes without folding a cell; heads may stand in several lines."""
        words = self.plain(column.head).split()
        return max(map(columns_of, (*words, *map(self.plain, column.cells))), default=0)

    def _text(self, text: str) -> Text:
        from rich.text import Text

        return Text(self.plain(text))

    def _box(self) -> Box:
        from rich.box import Box

        mark = "-" if self.ascii else "─"
        return Box(f"    \n    \n {mark}{mark} \n    \n    \n    \n    \n    \n", ascii=self.ascii)

    def _lines(self, table: RenderableType) -> Iterable[Text]:
        from rich.text import Text

        for segments in self.console.render_lines(table, pad=False):
            line = Text.assemble(*((segment.text, segment.style or "") for segment in segments))
            line.rstrip()
            yield line

    def _print(self, line: Text) -> None:
        self.console.print(line, soft_wrap=True)


def columns_of(text: str) -> int:
    """Columns that ``text`` takes on a terminal: wide characters take two."""
    from rich.cells import cell_len

    return cell_len(text)
