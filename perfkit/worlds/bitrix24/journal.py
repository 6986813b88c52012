"""What the portal has answered, a row for each request and, after it, one for each command of a batch."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import overload

from perfkit.worlds.bitrix24.answers import JournalRow


class Journal(Sequence[JournalRow]):
    """Rows in their order, the last ``limit`` of them (None: all). ``added`` counts all there ever were.

    >>> journal = Journal(1)
    >>> journal.extend(JournalRow(at_s, "profile", 200, 1, 0) for at_s in (1.0, 2.0))
    >>> [row.at_s for row in journal], journal.dropped
    ([2.0], 1)
    """

    def __init__(self, limit: int | None = None) -> None:
        self.added = 0
        self._rows: deque[JournalRow] = deque(maxlen=limit)

    @property
    def dropped(self) -> int:
        """How many rows are gone because there were more than ``limit``."""
        return self.added - len(self._rows)

    def extend(self, rows: Iterable[JournalRow]) -> None:
        """Add rows; the oldest go when there are too many."""
        new = list(rows)
        self.added += len(new)
        self._rows.extend(new)

    def since(self, number: int) -> Iterator[tuple[int, JournalRow]]:
        """The rows behind row ``number``, with their numbers; the first of all has number 1."""
        first = self.dropped
        skipped = max(0, number - first)
        return enumerate(islice(self._rows, skipped, None), first + skipped + 1)

    def __iter__(self) -> Iterator[JournalRow]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> JournalRow: ...

    @overload
    def __getitem__(self, index: slice) -> list[JournalRow]: ...

    def __getitem__(self, index: int | slice) -> JournalRow | list[JournalRow]:
        return self._rows[index] if isinstance(index, int) else list(self._rows)[index]

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]
