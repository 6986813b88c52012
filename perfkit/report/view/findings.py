"""Findings as readers see them: one row for all cells in which the same line did the same thing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from perfkit.model import Cell, Change, Finding, Gate, Run, ScenarioResult
from perfkit.report import units
from perfkit.report.view.words import is_timed, place_of, times, worst_of

MAX_ROWS = 500
"""Rows of a page; more make it slow to open. The run's JSON has all."""

MAX_CARDS = 5
"""Findings that a section shows in full; the others are rows of a table."""

MAX_NEW = 12
"""New ones, which are what a change is judged by."""

MAX_STRATEGIES = 6
"""Named one by one where a finding was seen."""

WRONG = "PK501"
"""The one rule whose finding is a wrong result, not a slow one."""

_LEVELS = ("error", "warning", "note")
_UNKNOWN = "not predicted"


class Found(NamedTuple):
    """One finding with the figures of the cell where it costs most (``worst``); ``cells`` are all of them.

    ``file`` is where it was seen as far as it names no line itself. ``meant``: only in strategies that are
    there to be slow or wrong, baselines and those that declare a flaw. ``imported``: from a file of traces.
    ``status`` is "new" or "known" beside another run.
    """

    finding: Finding
    worst: str = ""
    cells: tuple[str, ...] = ()
    file: str = ""
    meant: bool = False
    imported: bool = False
    status: str = ""

    @property
    def level(self) -> str:
        """How bad it is: "error" (a wrong answer), "warning", or "note" where it is meant."""
        if self.meant:
            return "note"
        return "error" if self.finding.rule == WRONG else "warning"

    @property
    def row(self) -> FindingRow:
        """The same as text."""
        return row(
            self.finding,
            self.worst,
            self.cells,
            imported=self.imported,
            status=self.status,
            meant=self.meant,
        )


@dataclass(frozen=True)
class FindingRow:
    """One finding as text, cut to what a page has room for. ``site`` names a line, or the spans around it.

    ``times`` is "" for what is about answers or counters, and not about operations and their time.
    ``status`` is "new", "known" or "fixed" beside another run, else ""; ``meant`` as ``Found`` has it.
    """

    rule: str
    name: str
    site: str
    where: str
    path: tuple[str, ...]
    template: str
    count: str
    traces: str
    times: str
    spent: str
    saving: str
    basis: str
    evidence: tuple[str, ...]
    fix: str
    worst: str
    cells: tuple[str, ...]
    status: str = ""
    meant: bool = False

    @property
    def effect(self) -> str:
        """What it cost and what its fix would save; the evidence where it cost no time."""
        if not self.times:
            return "; ".join(self.evidence) or "cost no time"
        saving = "no saving predicted" if self.saving == _UNKNOWN else f"predicted saving {self.saving}"
        return f"spent {self.spent}; {saving}"

    @property
    def sentence(self) -> str:
        """The finding in one line, without its place."""
        return f"{', '.join(filter(None, (self.name, self.times)))}: {self.effect}."

    @property
    def lines(self) -> tuple[str, ...]:
        """All there is to say, for formats that have neither columns nor colours."""
        facts = {
            "Operation": self.template,
            "Fix": self.fix,
            "Prediction": self.basis,
            "Evidence": "; ".join(self.evidence),
            "Figures of": self.worst,
            "Seen in": "; ".join(self.cells),
        }
        return (self.sentence, *(f"{name}: {text}" for name, text in facts.items() if text))


class Parted(NamedTuple):
    """Findings of a page: in full, or as rows of a table under ``title``; how many are ``left`` out."""

    cards: tuple[FindingRow, ...]
    folded: tuple[FindingRow, ...]
    title: str
    left: int


def parted(rows: Sequence[FindingRow]) -> Parted:
    """New ones in full, of others the costliest; known ones that are meant to be there never."""
    kept = rows[:MAX_ROWS]
    new = [row for row in kept if row.status == "new"][:MAX_NEW]
    others = [row for row in kept if row not in new and not (row.status == "known" and row.meant)]
    cards = [*new, *others[: max(0, MAX_CARDS - len(new))]]
    folded = [row for row in kept if row not in cards]
    meant = all(row.meant and row.status == "known" for row in folded)
    of = " of strategies that are meant to be slow" if meant else ""
    title = f"{units.plural(len(folded), 'known finding' if meant else 'more finding')}{of}"
    return Parted(tuple(cards), tuple(folded), title, max(0, len(rows) - MAX_ROWS))


def of_run(run: Run) -> list[Found]:
    """All findings of a run of any kind: wrong answers first, then by cost, what is meant last."""
    found = [found for scenario in run.scenarios for found in of_scenario(scenario, run.gate)]
    return sorted(
        [*found, *of_recording(run)], key=lambda one: (_LEVELS.index(one.level), *_cost(one.finding))
    )


def of_recording(run: Run) -> list[Found]:
    """The findings of a recorded program or of imported traces: new ones, then the costliest first."""
    # of several files the first: which one a finding is from is not kept
    source = run.imported.source.partition(", ")[0] if run.imported else ""
    imported = run.imported is not None
    found = [
        Found(one, file=source, imported=imported, status=_status(one, run.gate)) for one in run.findings
    ]
    return sorted(found, key=_order)


def of_scenario(scenario: ScenarioResult, gate: Gate | None = None) -> list[Found]:
    """The findings of all cells, one for each identity: those that ``gate`` calls new, then by cost."""
    seen: dict[str, list[tuple[Cell, Finding]]] = {}
    for cell in scenario.cells:
        for finding in cell.findings:
            seen.setdefault(finding.identity, []).append((cell, finding))
    found = []
    for pairs in seen.values():
        worst = worst_of([finding for _, finding in pairs])
        assert worst is not None  # noqa: S101 - every identity was seen at least once
        cell = next(cell for cell, finding in pairs if finding is worst)
        place = f"{cell.strategy} at {cell.size:,} {scenario.unit} on {_world(scenario, cell.world)}"
        cells = [cell for cell, _ in pairs]
        meant = all(_is_meant(scenario, cell.strategy) for cell in cells)
        places = tuple(_places(scenario, cells))
        status = _status(worst, gate)
        found.append(Found(worst, units.clean(place, 200), places, file_of(scenario), meant, status=status))
    return sorted(found, key=_order)


def file_of(scenario: ScenarioResult) -> str:
    """Its file as the call paths of its findings name it: relative to the project, not to its folder."""
    ending = f"/{scenario.file}"
    findings = (finding for cell in scenario.cells for finding in cell.findings)
    frames = (frame for finding in findings for frame in (finding.site, *finding.path) if frame)
    return next((frame.file for frame in frames if frame.file.endswith(ending)), scenario.file)


def _status(finding: Finding, gate: Gate | None) -> str:
    """Beside another run; "" without one, or where nothing could be compared."""
    if gate is None or not gate.compared:
        return ""
    new = (Change.WORSE, Change.NEW)
    known = {d.finding.identity for d in gate.differences if d.finding is not None and d.change in new}
    return "new" if finding.identity in known else "known"


def _order(one: Found) -> tuple[object, ...]:
    return one.status != "new", *_cost(one.finding)


def _is_meant(scenario: ScenarioResult, strategy: str) -> bool:
    info = scenario.strategy(strategy)
    return info.baseline or bool(info.flaw)


def _cost(finding: Finding) -> tuple[int, int, str, str, str]:
    return -(finding.saving_ns or 0), -finding.spent_ns, finding.rule, finding.template, str(finding.site)


def row(
    finding: Finding,
    worst: str = "",
    cells: tuple[str, ...] = (),
    *,
    imported: bool = False,
    status: str = "",
    meant: bool = False,
) -> FindingRow:
    """One finding as text."""
    saving = _UNKNOWN if finding.saving_ns is None else units.seconds(finding.saving_ns)
    site = str(finding.site) if finding.site else finding.place
    return FindingRow(
        rule=units.clean(finding.rule, 20),
        name=units.clean(finding.name, 60),
        site=units.clean(site, 200) or "place not known",
        where=place_of(finding),
        path=tuple(units.clean(str(frame), 200) for frame in finding.path[1:6]),
        template=units.clean(finding.template, 300),
        count=units.number(finding.count),
        traces=units.number(finding.traces) if imported and finding.traces > 1 else "",
        times=times(finding, imported=imported) if is_timed(finding) else "",
        spent=units.seconds(finding.spent_ns),
        saving=saving,
        basis=units.clean(finding.basis, 300),
        evidence=tuple(units.clean(fact, 300) for fact in finding.evidence[:6]),
        fix=units.clean(finding.fix, 500),
        worst=worst,
        cells=cells,
        status=status,
        meant=meant,
    )


def _world(scenario: ScenarioResult, name: str) -> str:
    return next((world.title or world.name for world in scenario.worlds if world.name == name), name)


def _places(scenario: ScenarioResult, cells: list[Cell]) -> Iterable[str]:
    """The cells by strategy and sizes; worlds, and then strategies, of equal sizes together."""
    together: dict[str, list[str]] = {}
    for strategy in dict.fromkeys(cell.strategy for cell in cells):
        sizes: dict[str, list[int]] = {}
        for cell in cells:
            if cell.strategy == strategy:
                sizes.setdefault(cell.world, []).append(cell.size)
        by_sizes: dict[tuple[int, ...], list[str]] = {}
        for world, found in sizes.items():
            by_sizes.setdefault(tuple(sorted(found)), []).append(_world(scenario, world))
        for found_sizes, names in by_sizes.items():
            numbers = ", ".join(f"{size:,}" for size in found_sizes)
            every = len(names) == len(scenario.worlds) > 1
            where = "every world" if every else ", ".join(names)
            together.setdefault(f"at {numbers} {scenario.unit} on {where}", []).append(strategy)
    for place, strategies in together.items():
        more = len(strategies) - MAX_STRATEGIES
        shown = ", ".join(strategies[:MAX_STRATEGIES]) + (f" and {more} more" if more > 0 else "")
        yield units.clean(f"{shown} {place}", 300)
