"""How well the rules did: what was found, missed and wrong, per program and per rule."""

from collections import Counter
from typing import NamedTuple

from tests.corpus.runner import Label


class Judged(NamedTuple):
    """What was found at its line, what at another, what was missed, and what is wrong."""

    placed: list[Label]
    misplaced: list[tuple[Label, Label]]
    missed: list[Label]
    wrong: list[Label]


class Score(NamedTuple):
    """Figures of one rule, or of all: shares are None where there is nothing to divide by."""

    cases: int
    found: int
    placed: int
    wrong: int

    @property
    def precision(self):
        return _share(self.found, self.found + self.wrong)

    @property
    def recall(self):
        return _share(self.found, self.cases)

    @property
    def f1(self):
        return _share(2 * self.found, self.cases + self.found + self.wrong)

    @property
    def sites(self):
        return _share(self.placed, self.found)


def judge(program, found):
    """Compare what was found in a program with its labels.

    Each label takes one finding: one at its line first, then one of the same rule elsewhere.
    """
    missed, left = list(program.expected), []
    placed, misplaced = [], []
    for label in found:
        if label in missed:
            missed.remove(label)
            placed.append(label)
        elif label not in program.tolerated:
            left.append(label)
    wrong = []
    for label in left:
        wanted = next((other for other in missed if other.rule == label.rule), None)
        if wanted is None:
            wrong.append(label)
        else:
            missed.remove(wanted)
            misplaced.append((wanted, label))
    return Judged(placed, misplaced, missed, wrong)


def scores(outcomes):
    """The score of each rule, and of all under "all"."""
    sums = {name: Counter() for name in ("cases", "found", "placed", "wrong")}

    def add(name, labels):
        for label in labels:
            sums[name].update((label.rule, "all"))

    for program, outcome in outcomes.items():
        judged = judge(program, outcome.found)
        add("cases", program.expected)
        add("found", [*judged.placed, *(wanted for wanted, _ in judged.misplaced)])
        add("placed", judged.placed)
        add("wrong", judged.wrong)
    rules = sorted(
        {rule for counts in sums.values() for rule in counts} | {"all"}, key=lambda r: (r == "all", r)
    )
    return {rule: Score(*(sums[name][rule] for name in Score._fields)) for rule in rules}


_ROW = "{:6} {:>5} {:>5} {:>5} {:>9} {:>6} {:>6} {:>6}"
_HEAD = ("rule", "cases", "found", "false", "precision", "recall", "F1", "line")


def table(outcomes):
    """The scores as text."""
    right = sum(not program.expected for program in outcomes)
    lines = [f"{len(outcomes)} programs: {len(outcomes) - right} wrong, {right} right", _ROW.format(*_HEAD)]
    for rule, score in scores(outcomes).items():
        shares = (score.precision, score.recall, score.f1, score.sites)
        shown = ("-" if share is None else f"{share:.3f}" for share in shares)
        lines.append(_ROW.format(rule, score.cases, score.found, score.wrong, *shown))
    return "\n".join(lines)


def report(outcomes):
    """One line per program: how many spans it made, and what is not as its labels say."""
    return "\n".join(
        f"{program}: {_counts(outcome.spans)}{_problems(program, outcome)}"
        for program, outcome in outcomes.items()
    )


def problems(outcomes):
    """Only the programs that are not as their labels say."""
    bad = {program: outcome for program, outcome in outcomes.items() if _problems(program, outcome)}
    return report(bad)


def _problems(program, outcome):
    judged = judge(program, outcome.found)
    said = [f"; {outcome.error}"] if outcome.error else []
    said += [f"; missed {label.rule} at line {label.line}" for label in judged.missed]
    said += [f"; wrong {label.rule} at {_line(label)}" for label in judged.wrong]
    said += [
        f"; {wanted.rule} at {_line(label)} instead of line {wanted.line}"
        for wanted, label in judged.misplaced
    ]
    return "".join(said)


def _line(label):
    return f"line {label.line}" if label.line else "a line elsewhere"


def _counts(spans):
    return ", ".join(f"{count} {kind}" for kind, count in sorted(spans.items())) or "recorded nothing"


def _share(part, whole):
    return part / whole if whole else None
