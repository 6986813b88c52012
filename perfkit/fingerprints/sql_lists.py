"""Lists of values cut short: ``IN (?, ?, ?)`` is ``IN (?, ...)`` however many there are.

Works on the tokens read so far, in place. Of entries that differ in shape each is kept once.
"""

from __future__ import annotations

from typing import Final

VALUE: Final = "?"
MORE: Final = "\x02"
"""Stands for more of the same."""

_QUERIES: Final = frozenset({"SELECT", "TABLE", "VALUES", "WITH"})
_PLAIN: Final = frozenset({"(", VALUE, ",", ")"})


class Entries:
    """An open IN list or array, whose present entry began at ``start``; ``cut``: it holds values."""

    __slots__ = ("_first", "_seen", "cut", "start")

    def __init__(self, start: int) -> None:
        self.start = self._first = start
        self.cut = False
        self._seen: set[tuple[str, ...]] = set()

    def end_entry(self, tokens: list[str]) -> bool:
        """Drop the entry if it is like one before; whether it is a plain value. A comma is to follow."""
        entry = tuple(tokens[self.start :])
        if entry in self._seen:
            del tokens[self.start - 1 :]
        elif VALUE in entry and tokens[self._first] not in _QUERIES:
            self._seen.add(entry)
            self.cut = True
        self.start = len(tokens) + 1
        return entry == (VALUE,)

    def close(self, tokens: list[str]) -> None:
        """Drop what the list repeats; if it holds values it ends in MORE."""
        if tokens[self.start :] == [MORE]:
            del tokens[self.start - 1 :]
        else:
            self.end_entry(tokens)
        if self.cut:
            tokens += (",", MORE)

    def cut_off(self, tokens: list[str]) -> None:
        """Forget the entry that is not complete."""
        if self.cut:
            del tokens[self.start :]


class Rows:
    """The rows behind VALUES, at a ``depth`` of parentheses, up to ``end``; ``plain``: of values only."""

    __slots__ = ("_seen", "depth", "end", "plain")

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.end = -1
        self.plain = False
        self._seen: set[tuple[str, ...]] = set()

    def go_on(self, tokens: list[str], depth: int) -> bool:
        """Whether the comma that was just read asks for another row."""
        return self.end == len(tokens) - 1 and self.depth == depth

    def add(self, tokens: list[str], start: int) -> None:
        """Keep the row that was read from ``start`` on if it is the first of its shape."""
        row = tuple(tokens[start:])
        if not self._seen:
            tokens += (",", MORE)
            self.plain = _PLAIN.issuperset(row)
        else:
            del tokens[self.end :]
            if row not in self._seen:
                tokens[-2:-2] = (",", *row)
        self._seen.add(row)
        self.end = len(tokens)


class Row:
    """An open row of ``rows``."""

    __slots__ = ("rows", "start")

    def __init__(self, start: int, rows: Rows) -> None:
        self.start = start
        self.rows = rows

    def cut_off(self, tokens: list[str]) -> None:
        """Forget the row, which is not complete, unless it is the first."""
        if self.rows.end > 0:
            del tokens[self.rows.end :]
