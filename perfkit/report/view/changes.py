"""What changed, as rows of one table: counters first, then virtual time, then times with an interval."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from perfkit.bench.baselines.wording import is_worse_growth
from perfkit.model import Change, Difference, Gate, Timing, Verdict
from perfkit.report import units
from perfkit.report.view.strategies import counter_name, counter_value
from perfkit.stats.growth_class import big_o

COUNTED = ("query", "request", "connect", "transaction")
"""What a program asks of others. It comes before all that follows from it."""

EXACT = "exact"
"""In place of an interval: counters and virtual time have none."""

_NAMES = {
    "time_ns": "virtual time",
    "peak_bytes": "allocation peak",
    "depth": "dependent round trips",
    "bytes_sent": "bytes sent",
    "bytes_received": "bytes received",
    "transaction": "transactions",
    "failed": "failures",
}
_WORDS = {
    Change.WORSE: "worse",
    Change.BETTER: "better",
    Change.NEW: "new",
    Change.VANISHED: "gone",
    Change.UNSEEN: "not seen",
    Change.INPUTS: "other inputs",
    Change.MISSING: "not compared",
}
_CLAUSES = re.compile("; (?=with it |also |if it is meant: |record |re-record: |take it: )")
_BROKEN = ("failed", "status", "answer")
_RECORD = re.compile(
    r".*(?:if it is meant|record the improvement|record it|re-record|take it|on purpose): "
    r"(perfkit gate .+|pytest .+)"
)
"""The command that ends a difference's sentence."""


@dataclass(frozen=True)
class Changed:
    """One figure of both sides. What is not known is "". ``growth`` are its classes over the sizes.

    ``verdict`` is a word; ``tone`` says how it is meant: "worse", "better" or "". ``interval`` is "exact"
    for what has no noise. ``more`` counts the places where the same changed alike; ``says`` is the sentence
    of what has no figures. ``is_time`` tells measured and virtual times from counters.
    """

    what: str
    of: str
    verdict: str
    tone: str
    template: str = ""
    before: str = ""
    after: str = ""
    change: str = ""
    growth: str = ""
    interval: str = ""
    place: str = ""
    more: str = ""
    says: str = ""
    is_time: bool = False

    @property
    def sentence(self) -> str:
        """The figure in a few words: "queries 1 -> 101 (+100)"."""
        far = ", ".join(filter(None, (self.change, self.growth)))
        grown = f" ({far})" if far else ""
        return f"{self.what} {self.before} -> {self.after}{grown}" if self.before else self.says


def figures(gate: Gate) -> list[Changed]:
    """The differences as rows, what weighs most first; the same figure in several places is one row."""
    return [figure(group[0], others=len(group) - 1, stops=gate.stops(group[0])) for group in groups(gate)]


def groups(gate: Gate) -> list[list[Difference]]:
    """Differences of one figure of one strategy, whatever world and size, the heaviest of them first."""
    found: dict[tuple[object, ...], list[Difference]] = {}
    for one in sorted(gate.differences, key=weight):
        place = entry_of(one) if not gate.strict else (one.entry, one.size)
        found.setdefault((one.baseline, place, one.metric, one.template, one.state, one.change), []).append(
            one
        )
    return list(found.values())


def entry_of(one: Difference) -> str:
    """What was measured, without the world: "world/strategy" is the strategy, a test's name stays."""
    return one.entry.partition("/")[2] if one.size and one.baseline else one.entry


def _named(one: Difference) -> str:
    """The entry; the world of a scenario that has only one is not named."""
    return one.entry.removeprefix("default/") if one.baseline else one.entry


def weight(one: Difference) -> tuple[object, ...]:
    """Where a difference stands: wrong results, growth, findings, operations, other counters, times."""
    return (
        not is_more(one),
        one.change in (Change.BETTER, Change.VANISHED),
        _rank(one),
        one.template != "" and one.metric != "finding",
        -ratio(one),
        -one.size,
    )


def is_more(one: Difference) -> bool:
    """Whether something got worse, or an operation or finding is there that was not."""
    return one.change in (Change.WORSE, Change.UNSEEN) or (one.change is Change.NEW and bool(one.after))


def _rank(one: Difference) -> int:
    if one.metric in _BROKEN or one.change is Change.UNSEEN:
        return 0
    if is_worse_growth(one):
        return 1
    if one.metric == "finding":
        return 2
    if one.metric in COUNTED:
        return 3 + COUNTED.index(one.metric)
    return 8 if one.metric == "time_ns" else 7


def ratio(one: Difference) -> float:
    """How many times as much it is, in either direction; infinite where one side has none."""
    low, high = sorted((abs(one.before or 0), abs(one.after or 0)))
    return high / low if low else float("inf") if high else 1.0


def figure(one: Difference, *, others: int = 0, stops: bool = False) -> Changed:
    """One difference as a row; ``others`` are more places of the same; ``stops``: the change, in a gate."""
    counted = (
        one.before is not None and one.after is not None
        and one.metric not in (*_BROKEN, "finding") and one.change not in (Change.INPUTS, Change.MISSING)
    )  # fmt: skip
    before, after = _both(one) if counted else ("", "")
    grows = f"{big_o(one.growth_before)} -> {big_o(one.growth_after)}" if is_worse_growth(one) else ""
    size = f"n={one.size:,}" if one.size else ""
    state = one.state if one.state != "cold" else ""
    return Changed(
        what=_what(one),
        of=units.clean(" ".join(filter(None, (one.baseline, _named(one), state, size))), 160),
        verdict=_WORDS[one.change],
        tone=_tone(one, stops),
        template=units.clean(one.template, 300),
        before=before,
        after=after,
        change=change(one) if counted else "",
        growth=grows,
        interval=EXACT if counted else "",
        place=units.clean(str(one.site), 160) if one.site else "",
        more=f"and {units.plural(others, 'more place')}" if others else "",
        says="" if counted else units.clean(_says(one), 400),
        is_time=one.metric == "time_ns",
    )


def clauses(says: str) -> list[str]:
    """A difference's sentence, by what changed, what came with it and what to do.

    >>> clauses("+1 SELECT 1; 2, shop/page; with it +1 rows; if it is meant: perfkit gate --update shop")
    ['+1 SELECT 1; 2, shop/page', 'with it +1 rows', 'if it is meant: perfkit gate --update shop']
    """
    return _CLAUSES.split(says)


def first_clause(one: Difference) -> str:
    """A difference's sentence up to what came with it and what to do."""
    return clauses(one.says)[0]


def _what(one: Difference) -> str:
    found = one.finding
    return metric_name(one.metric) if found is None or one.metric != "finding" else f"finding {found.rule}"


def _says(one: Difference) -> str:
    """Of a finding what its row does not say already."""
    found = one.finding
    if found is None or one.metric != "finding":
        return first_clause(one)
    saving = f"; predicted saving {units.seconds(found.saving_ns)}" if found.saving_ns is not None else ""
    spent = f": {units.plural(found.count, 'time')}, {units.seconds(found.spent_ns)}" if found.count else ""
    return f"{found.name}{spent}{saving}"


def _tone(one: Difference, stops: bool) -> str:
    if one.change in (Change.WORSE, Change.UNSEEN) or (stops and is_more(one)):
        return "worse"
    return "better" if one.change is Change.BETTER else ""


def metric_name(metric: str) -> str:
    """What a figure is called.

    >>> metric_name("query"), metric_name("time_ns"), metric_name("card_p50_ns"), metric_name("status_503")
    ('queries', 'virtual time', 'card p50', '503s')
    """
    return _NAMES.get(metric) or counter_name(metric.removesuffix("_ns"))


def _both(one: Difference) -> tuple[str, str]:
    """Both values; to the last digit where they would look alike."""
    shown = [counter_value(one.metric, value or 0) for value in (one.before, one.after)]
    if shown[0] == shown[1]:
        unit = "ns" if one.metric.endswith("_ns") else "bytes"
        shown = [f"{value or 0:,} {unit}" for value in (one.before, one.after)]
    return shown[0], shown[1]


def change(one: Difference) -> str:
    """How much more or less: counts as a number, amounts in per cent, tenfold and more as a factor.

    >>> change(Difference("s", "e", Change.WORSE, "query", before=1, after=101))
    '+100'
    >>> change(Difference("s", "e", Change.WORSE, "time_ns", before=40_000_000, after=52_000_000))
    '+30.0 %'
    """
    before, after = one.before or 0, one.after or 0
    amount = one.metric.endswith(("_ns", "_bytes")) or one.metric.startswith("bytes_")
    return percent(after / before) if amount and before else f"{after - before:+,}"


def percent(ratio: float | None, *, digits: int = 1) -> str:
    """A ratio as a signed difference; above a factor of ten as that factor; small ones with more digits.

    >>> percent(1.052), percent(0.97), percent(25.0), percent(1.00002)
    ('+5.2 %', '-3.0 %', 'x25', '+0.002 %')
    """
    if ratio is None:
        return ""
    if ratio >= 10:
        return f"x{ratio:,.0f}"
    apart = 100 * (ratio - 1)
    if apart and abs(apart) < 0.5 * 10**-digits:
        return f"{apart:+.1g} %"
    return f"{apart:+.{digits}f} %"


def times(timings: Iterable[Timing]) -> list[Changed]:
    """Benchmarks as rows."""
    return [timed(one) for one in timings]


def timed(one: Timing) -> Changed:
    """One benchmark as a row."""
    tones = {Verdict.REGRESSED: "worse", Verdict.IMPROVED: "better"}
    return Changed(
        what="time",
        of=units.clean(one.name, 160),
        verdict=one.verdict.value,
        tone=tones.get(one.verdict, ""),
        before="" if one.base_ns is None else units.seconds(one.base_ns),
        after="" if one.head_ns is None else units.seconds(one.head_ns),
        change=percent(one.ratio),
        interval=interval(one),
        says=units.clean(one.reason, 400),
        is_time=True,
    )


def interval(one: Timing) -> str:
    """The interval of a benchmark's change, or "".

    >>> interval(Timing("a", Verdict.REGRESSED, ratio=1.3, low=1.281, high=1.317))
    '+28.1 to +31.7 %'
    """
    if one.low is None or one.high is None:
        return ""
    return f"{percent(one.low).removesuffix(' %')} to {percent(one.high)}"


def record(one: Difference) -> str:
    """The command that takes a difference as it is, or ""."""
    found = _RECORD.fullmatch(one.says.replace("\n", " "))
    return units.clean(found[1], 200) if found else ""


def heaviest(gate: Gate) -> Difference | None:
    """The difference that says best why the change is stopped, or, if nothing stops it, what changed."""
    found = sorted(gate.differences, key=lambda one: (not gate.stops(one), weight(one)))
    return found[0] if found else None


def beside(gate: Gate, one: Difference) -> Sequence[Difference]:
    """The heaviest difference of each figure of the same strategy, the given one's first."""
    of = (one.baseline, entry_of(one))
    found = [group[0] for group in groups(gate) if (group[0].baseline, entry_of(group[0])) == of]
    return sorted(found, key=lambda other: other is not one)
