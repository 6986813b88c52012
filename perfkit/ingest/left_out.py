"""What an import could not use or had to change, counted by reason. Knows nothing of formats."""

from __future__ import annotations

MAX_REASONS = 50
"""More different sentences are counted, not kept."""


class LeftOut:
    """Counts, each with the sentence that says what was done, to what, and why."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, str], int] = {}
        self._said: dict[str, None] = {}
        self._unsaid = 0

    def add(self, done: str, what: str, why: str, count: int = 1) -> None:
        """Count something: ``add("left out", "span", "without a trace id")``."""
        if count:
            self._counts[done, what, why] = self._counts.get((done, what, why), 0) + count

    def say(self, sentence: str) -> None:
        """Keep a sentence, once."""
        if sentence in self._said or len(self._said) < MAX_REASONS:
            self._said[sentence] = None
        else:
            self._unsaid += 1

    def sentences(self) -> list[str]:
        """All of it, in order of appearance.

        >>> noted = LeftOut()
        >>> noted.add("left out", "span", "without a trace id", 1200)
        >>> noted.sentences()
        ['left out: 1,200 spans without a trace id']
        """
        counted = [
            f"{done}: {count:,} {what}{'s' if count > 1 else ''} {why}"
            for (done, what, why), count in self._counts.items()
        ]
        more = [f"and {self._unsaid:,} more remarks on damaged parts of the files"] if self._unsaid else []
        return [*self._said, *counted, *more]
