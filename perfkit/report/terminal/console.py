"""Lines and tables on a rich console: no markup, no highlighting, plain ASCII where the encoding needs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from perfkit.errors import MissingExtraError

if TYPE_CHECKING:
    from rich.console import Console

# ruff: noqa: RUF001 - the characters that look like others are what this is about
_ASCII = str.maketrans({"…": "...", "·": "-", "→": "->", "µ": "u", "×": "x", "≥": ">=", "–": "-", "─": "-"})


class Writer:
    """Writes to ``console``. Raises MissingExtraError without rich, before anything is written."""

    def __init__(self, console: Console) -> None:
        try:
            import rich.text  # noqa: F401
        except ImportError as error:
            raise MissingExtraError("the terminal report", "rich", "report") from error
        self.console = console
        self.ascii = not console.encoding.lower().startswith("utf")

    def plain(self, text: str) -> str:
        """``text`` as the console can show it."""
        if not self.ascii:
            return text
        return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")

    def line(self, text: str = "", style: str = "", *, indent: int = 0) -> None:
        """One paragraph, wrapped at the console's width, its lines indented alike."""
        from rich.text import Text

        body = Text(self.plain(text), style=style)
        for line in body.wrap(self.console, max(20, self.console.width - indent), overflow="fold"):
            line.rstrip()
            self.console.print(Text(" " * indent) + line if indent else line, soft_wrap=True)

    def heading(self, text: str) -> None:
        """A line that starts a section."""
        self.line()
        self.line(text, "bold")

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A first column of text, cut where there is no room, and numbers at the right of it."""
        cells = [[self.plain(cell) for cell in row] for row in (heads, *rows)]
        widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
        room = self.console.width - sum(width + 2 for width in widths[1:])
        widths[0] = max(8, min(widths[0], room))
        lines = [self._row(row, widths) for row in cells]
        lines.insert(1, self.plain("─") * (sum(widths) + 2 * len(widths) - 2))
        for line in lines:
            self.console.print(line, markup=False, highlight=False, emoji=False, soft_wrap=True)

    def _row(self, row: list[str], widths: list[int]) -> str:
        from rich.cells import set_cell_size

        first, mark = row[0], self.plain("…")
        if _width(first) > widths[0]:
            first = set_cell_size(first, widths[0] - len(mark)) + mark
        numbers = [
            " " * (width - _width(cell)) + cell for cell, width in zip(row[1:], widths[1:], strict=True)
        ]
        return "  ".join([set_cell_size(first, widths[0]), *numbers]).rstrip()


def _width(text: str) -> int:
    """Columns that ``text`` takes on a terminal: wide characters take two."""
    from rich.cells import cell_len

    return cell_len(text)
