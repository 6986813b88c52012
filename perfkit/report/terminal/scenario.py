"""One scenario in the terminal's report: findings, strategies, places, story, predictions, growth."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from perfkit.bench.recommended import middle
from perfkit.report import units
from perfkit.report.terminal.console import Column, Writer
from perfkit.report.terminal.findings import write_findings
from perfkit.report.terminal.strategies import headline_place, write_strategies
from perfkit.report.view.fixes import Fix
from perfkit.report.view.headline import Headline
from perfkit.report.view.page import ClaimRow, PredictionRow, ScenarioView
from perfkit.report.view.places import Place, places

MAX_FINDINGS = 2
MAX_PLACES = 6
MAX_FIXES = 7
MAX_PREDICTIONS = 3
MAX_CLAIMS = 4


def write_scenario(scenario: ScenarioView, headline: Headline, out: Writer, *, brief: bool) -> None:
    """All sections of a scenario; ``brief`` where the run has several, whose headlines stand here then."""
    if brief:
        out.rule(f"{scenario.name}: {scenario.title}" if scenario.title else scenario.name)
        out.line(headline.effect)
        if headline.cause:
            out.line(f"Cause: {headline.cause}")
    more = write_findings(scenario.findings, out, most=MAX_FINDINGS, brief=brief)
    more += write_strategies(scenario, out, brief=brief)
    more += _places(scenario, out)
    if brief:
        more += [(len(scenario.figures), "figure table"), (len(_fixed(scenario)), "fix")]
        told = f"Story: {_told(scenario.claims)}" if scenario.claims else ""
        if told or scenario.predictions:
            out.line(" ".join(filter(None, (told, _off(scenario.predictions)))))
    else:
        more += _figures(scenario, out)
        more += _fixes(scenario, out)
        more += _claims(scenario.claims, out)
        more += _predictions(scenario, out)
    out.more(more)


def _places(scenario: ScenarioView, out: Writer) -> list[tuple[int, str]]:
    """How much the fastest right answer of the headline's group gains in each world and at each size."""
    found, place = places(scenario.worlds), headline_place(scenario)
    if place is None or len(found) < 2:
        return []
    shown = [one for one in found if one.group == place[2]]
    worlds = list(dict.fromkeys(one.world for one in shown))[:MAX_PLACES]
    sizes = list(dict.fromkeys(one.size for one in shown))
    usual = Counter(one.best for one in shown if one.best).most_common(1)
    best = usual[0][0] if usual else ""
    cells = {(one.world, one.size): _gain(one, best) for one in shown if one.world in worlds}
    if len(cells) < 2:
        return [(len(found) - 1, "place")]
    named = f" ({best} where no other is named)" if best else ""
    out.heading(f"Gain of the fastest right answer, place by place{named}")
    columns = [Column("place", tuple(worlds), text=True)]
    columns += [
        Column(size, tuple(cells.get((world, size), "") for world in worlds), text=True) for size in sizes
    ]
    out.table(columns)
    return [(len(found) - len(cells), "place")]


def _gain(place: Place, best: str) -> str:
    """Its factor, or its time where there is no baseline; its name where it is another than ``best``."""
    if not place.best:
        return f"none, baseline {place.slow}"
    name = "" if place.best == best else f" {place.best}"
    return f"{place.factor or place.time}{name}"


def _figures(scenario: ScenarioView, out: Writer) -> list[tuple[int, str]]:
    """What strategies measured themselves: the first table, as many columns as there is room for."""
    for table in scenario.figures[:1]:
        out.heading(f"Measured by the strategies, {table.place}")
        first, *rest = Column.of(
            ("strategy", *table.columns), [(row.name, *row.figures) for row in table.rows]
        )
        left_out = out.table([first, *(replace(column, optional=True) for column in rest)])
        return [(len(scenario.figures) - 1, "figure table"), (len(left_out), "figure")]
    return []


def _fixed(scenario: ScenarioView) -> list[Fix]:
    """The fixes of the size that is shown first, in the first world that has it."""
    found = [one for one in scenario.fixes if one.open] or list(scenario.fixes)
    return list(found[0].rows) if found else []


def _fixes(scenario: ScenarioView, out: Writer) -> list[tuple[int, str]]:
    rows = _fixed(scenario)
    if not rows:
        return []
    found = next(one for one in scenario.fixes if one.rows and list(one.rows) == rows)
    out.heading(f"What each fix is worth at {found.size}, {found.place}")
    shown = [(row.name, row.on, row.calls, row.after, row.saves) for row in rows[:MAX_FIXES]]
    out.table(Column.of(("fix", "on top of", "calls", "after", "saves"), shown))
    return [(len(rows) - len(shown), "fix")]


def _told(claims: tuple[ClaimRow, ...]) -> str:
    """How many sentences of the story hold."""
    if not claims:
        return ""
    hold, false = (sum(claim.verdict == verdict for claim in claims) for verdict in ("holds", "false"))
    untold = len(claims) - hold - false
    counts = [f"{hold} of {units.plural(len(claims), 'claim')} {'holds' if hold == 1 else 'hold'}"]
    counts += [f"{false} false"] * bool(false) + [f"{untold} not told by this run"] * bool(untold)
    return f"{', '.join(counts)}."


def _off(rows: tuple[PredictionRow, ...]) -> str:
    """How far predicted savings lie from measured ones."""
    errors = [row.relative_error for row in rows]
    if not errors:
        return ""
    off = f"{units.percent(min(errors))} to {units.percent(max(errors))}"
    return f"{units.plural(len(rows), 'predicted saving')}, off by {off}."


def _claims(claims: tuple[ClaimRow, ...], out: Writer) -> list[tuple[int, str]]:
    """How many hold, and those that do not."""
    if not claims:
        return []
    wrong = [claim for claim in claims if claim.verdict == "false"][:MAX_CLAIMS]
    out.heading("The story beside the measurement")
    out.line(_told(claims))
    for claim in wrong:
        out.line(f"[false] {claim.says}")
        out.line(f"measured: {claim.measured}", indent=2)
    return [(len(claims) - len(wrong), "claim")]


def _predictions(scenario: ScenarioView, out: Writer) -> list[tuple[int, str]]:
    """How far off all were, and those of the middle size."""
    rows = scenario.predictions
    if not rows:
        return []
    out.heading("Predicted savings beside measured ones")
    out.line(_off(rows))
    size = middle(sorted({row.size for row in rows}))
    shown = [row for row in rows if row.size == size][:MAX_PREDICTIONS]
    cells = [(f"{p.rule} {p.world}: {p.fix}", p.predicted, p.measured, p.error) for p in shown]
    head = f"fix, at {size:,} {units.clean(scenario.source.unit, 30)}"
    out.table(Column.of((head, "predicted", "measured", "error"), cells))
    return [(len(rows) - len(shown), "prediction")]
