"""What the parts of a comparison give back, and what they share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from perfkit.model import Change, Difference

RANK = (Change.WORSE, Change.INPUTS, Change.NEW, Change.VANISHED, Change.BETTER)
"""The order that differences are told in."""

MAX_NAMES = 20
"""Names of what one side has alone; more are counted."""


@dataclass
class Compared:
    """``lines`` is the number of figures that were compared; ``notes`` name what only one run has.

    ``problems`` say why not all could be compared.
    """

    lines: int = 0
    differences: list[Difference] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def only_one(what: str, base: Iterable[str], head: Iterable[str]) -> list[str]:
    """A sentence for each name that one side has alone.

    >>> only_one("the cell ", ["a", "b"], ["b"])
    ['only base has the cell a']
    """
    before, after = dict.fromkeys(base), dict.fromkeys(head)
    alone = {"base": [n for n in before if n not in after], "head": [n for n in after if n not in before]}
    told = []
    for side, names in alone.items():
        told += [f"only {side} has {what}{name}" for name in names[:MAX_NAMES]]
        if len(names) > MAX_NAMES:
            told.append(f"only {side} has {len(names) - MAX_NAMES} more")
    return told
