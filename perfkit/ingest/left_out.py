"""What an import could not use, and what it had to change, counted by reason. Knows nothing of formats."""

from __future__ import annotations

MAX_SENTENCES = 50
"""More different sentences are counted, not kept."""


class LeftOut:
    """Counts, each with the words that say what was done, to what, and why.

    ``losses`` are what the result lacks; ``remarks`` are what was read in another way than it stood there.
    """

    def __init__(self) -> None:
        self._losses = _Sentences()
        self._remarks = _Sentences()

    def add(self, done: str, what: str, why: str, count: int = 1) -> None:
        """Count a loss: ``add("left out", "span", "without a trace id")``."""
        self._losses.count(done, what, why, count)

    def say(self, sentence: str) -> None:
        """Keep a sentence about a loss, once."""
        self._losses.say(sentence)

    def change(self, done: str, what: str, why: str, count: int = 1) -> None:
        """Count something that was read in another way than it stood there."""
        self._remarks.count(done, what, why, count)

    def remark(self, sentence: str) -> None:
        """Keep a sentence about what the reader must know, once."""
        self._remarks.say(sentence)

    def losses(self) -> list[str]:
        """What is not in the result, in order of appearance.

        >>> noted = LeftOut()
        >>> noted.add("left out", "span", "without a trace id", 1200)
        >>> noted.losses()
        ['left out: 1,200 spans without a trace id']
        """
        return self._losses.sentences()

    def remarks(self) -> list[str]:
        """What was changed on the way in, in order of appearance."""
        return self._remarks.sentences()


class _Sentences:
    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, str], int] = {}
        self._said: dict[str, None] = {}
        self._unsaid = 0

    def count(self, done: str, what: str, why: str, count: int) -> None:
        if count:
            self._counts[done, what, why] = self._counts.get((done, what, why), 0) + count

    def say(self, sentence: str) -> None:
        if sentence in self._said or len(self._said) < MAX_SENTENCES:
            self._said[sentence] = None
        else:
            self._unsaid += 1

    def sentences(self) -> list[str]:
        counted = [
            f"{done}: {count:,} {what}{'s' if count > 1 else ''} {why}"
            for (done, what, why), count in self._counts.items()
        ]
        more = [f"and {self._unsaid:,} more such remarks"] if self._unsaid else []
        return [*self._said, *counted, *more]
