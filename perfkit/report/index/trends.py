"""What became of each scenario from run to run: one series per figure, of runs that can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from perfkit.report import units
from perfkit.report.index.shelf import Book
from perfkit.report.index.summary import COUNTED, Summary, Track, Way
from perfkit.report.view import goals
from perfkit.report.view.strategies import counter_name

MOST_POINTS = 100
"""Runs in a chart; older ones are in the table only."""


@dataclass(frozen=True)
class Point:
    """One run; no ``value`` without a right answer. ``marked``: another perfkit made it than the last."""

    value: int | None
    label: str
    marked: bool = False


@dataclass(frozen=True)
class Series:
    """One figure of one strategy, from old to new. ``last`` and ``change`` are final texts.

    ``direction`` is "worse", "better", "same" or "" (not to be told).
    """

    strategy: str
    figure: str
    last: str
    change: str
    direction: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Trend:
    """A scenario at one place, on one clock, with one seed. ``notes`` say what to know of its runs."""

    scenario: str
    place: str
    series: tuple[Series, ...]
    runs: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ScenarioTrends:
    """The newest trend of a scenario, and those of other places, sizes, clocks and seeds."""

    scenario: str
    main: Trend
    apart: tuple[Trend, ...]

    @property
    def worse(self) -> list[Series]:
        """What became worse in the newest run."""
        return [series for series in self.main.series if series.direction == "worse"]


@dataclass(frozen=True)
class _Measured:
    run: Summary
    track: Track


def trends(runs: Sequence[Book]) -> list[ScenarioTrends]:
    """Of ``runs`` from new to old. Scenarios are in the order of their names."""
    kept: dict[tuple[object, ...], list[_Measured]] = {}
    for book in runs:
        assert book.summary is not None  # noqa: S101 - runs have one
        for track in book.summary.tracks:
            key = (*track.key, book.summary.clock, book.summary.seed, book.summary.kind)
            kept.setdefault(key, []).append(_Measured(book.summary, track))
    found: dict[str, list[Trend]] = {}
    # the newest run's come first, but one run alone does not displace a line
    for measured in sorted(kept.values(), key=lambda measured: len(measured) < 2):
        found.setdefault(measured[0].track.scenario, []).append(_trend(measured))
    return [ScenarioTrends(name, main, tuple(apart)) for name, (main, *apart) in sorted(found.items())]


def _trend(measured: list[_Measured]) -> Trend:
    newest, track = measured[0].run, measured[0].track
    shown = measured[:MOST_POINTS][::-1]
    # a fastest strategy that became slow is no longer the fastest, and must not leave the page for it
    bests = [one.track.best for one in measured[:2]]
    strategies = [name for name in dict.fromkeys([*bests, track.baseline]) if name]
    figures = [*COUNTED, "time"]
    series = [
        _series(shown, strategy, figure)
        for figure in figures
        for strategy in strategies
        if any(_value(one.track.way(strategy), figure) for one in shown)
    ]
    samples = f", median of {track.samples}" if track.samples > 1 else ""
    seed = "" if newest.kind == "trace" else f", seed {newest.seed}"
    place = f"{track.place}; {newest.clock} clock{seed}{samples}"
    return Trend(track.scenario, place, tuple(series), len(measured), tuple(_notes(measured, shown)))


def _notes(measured: list[_Measured], shown: list[_Measured]) -> Iterable[str]:
    if len(measured) > len(shown):
        yield f"The charts show the newest {len(shown)} of {len(measured)} runs."
    versions = list(dict.fromkeys(one.run.perfkit or "unknown" for one in shown))
    if len(versions) > 1:
        yield f"A dashed line is a change of perfkit itself: {', '.join(versions)}."
    if measured[0].run.clock == "wall":
        yield "Wall times have noise; one run beside another shows large changes only."


def _series(shown: list[_Measured], strategy: str, figure: str) -> Series:
    ways = [one.track.way(strategy) for one in shown]
    values = [_value(way, figure) for way in ways]
    points = tuple(
        Point(value, revision(one.run), number > 0 and one.run.perfkit != shown[number - 1].run.perfkit)
        for number, (one, value) in enumerate(zip(shown, values, strict=True))
    )
    measure = shown[-1].track.measure
    name = counter_name(figure) if figure in COUNTED else "time" if measure == goals.ELAPSED else measure
    noisy = figure == "time" and shown[-1].run.clock == "wall"
    last, change, direction = _last(ways[-1], values, points, figure, noisy=noisy)
    return Series(strategy, name, last, change, direction, points)


def _value(way: Way | None, figure: str) -> int | None:
    if way is None or way.wrong:
        return None
    # a counter that is not there counted nothing
    return way.time_ns if figure == "time" else way.counters.get(figure, 0)


def _last(
    way: Way | None, values: list[int | None], points: Sequence[Point], figure: str, *, noisy: bool
) -> tuple[str, str, str]:
    """The newest value, and how it stands to the last one before it; ``noisy``: nothing is claimed of it."""
    value = values[-1]
    if value is None:
        return ("not measured" if way is None or not way.wrong else units.clean(way.wrong, 40)), "", ""
    shown = _shown(value, figure)
    before = next((number for number in range(len(values) - 2, -1, -1) if values[number] is not None), None)
    if before is None:
        return shown, "the first run", ""
    old, where = values[before] or 0, points[before].label
    since = f" in {where}" if where else " in the run before"
    if value == old:
        return shown, f"as{since}", "same"
    direction = "" if noisy else "worse" if value > old else "better"
    says = f"{direction}: " if direction else ""
    relative = f" ({units.percent(value / old - 1)})" if old else ""
    return shown, f"{says}was {_shown(old, figure)}{since}{relative}", direction


def _shown(value: int, figure: str) -> str:
    return units.seconds(value) if figure == "time" else units.number(value)


def revision(run: Summary) -> str:
    """The revision as charts and sentences name it; "+" where files differed from it.

    >>> revision(Summary("bench", "virtual", 1, "", "", "PASS", [], "", "", "0123456789ab", "main", True))
    '0123456+'
    """
    return f"{run.revision[:7]}{'+' if run.dirty else ''}" if run.revision else ""
