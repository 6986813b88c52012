"""What a reader asks first, and the answers: is it worse, by how much, how sure, where, what to do.

A run beside another answers these five; any other run their nearest kin: what is slow, what a fix would save.
"""

from __future__ import annotations

from dataclasses import dataclass

from perfkit.bench.recommended import pair, time_ns
from perfkit.bench.tuning.words import setting_shown
from perfkit.model import Finding, Run, ScenarioResult, Tuning
from perfkit.report import units
from perfkit.report.view import goals
from perfkit.report.view.headline import Headline, at_cell, gains
from perfkit.report.view.words import measured, worst_of

SLOW = ("What is slow?", "How much faster?", "How sure?", "Where?", "What to do?")
TUNED = ("Which setting?", "How much better?", "How sure?", "Where?", "What to do?")


@dataclass(frozen=True)
class Fact:
    """A figure on both sides; ``sure`` is "exact" or its interval, ``tone`` "worse", "better" or ""."""

    name: str
    before: str
    after: str
    change: str = ""
    sure: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Answers:
    """Final sentences, "" where there is nothing to say. ``questions`` are the five they answer.

    ``statement`` is the operation at ``where``; ``explain`` the command that tells more of the rule, and
    ``record`` the one that takes what is measured now, ``record_when`` in words. ``effect`` is all in a few
    words, for titles.
    """

    questions: tuple[str, str, str, str, str]
    worse: str = ""
    how_much: str = ""
    how_sure: str = ""
    where: str = ""
    statement: str = ""
    what_to_do: str = ""
    explain: str = ""
    record: str = ""
    record_when: str = "if it is meant"
    facts: tuple[Fact, ...] = ()
    effect: str = ""

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """Question and answer, for formats without columns; those without an answer are left out."""
        where = f"{self.where}: {self.statement}" if self.statement else self.where
        told = (self.worse, self.how_much, self.how_sure, where, self.what_to_do)
        return tuple((asked, said) for asked, said in zip(self.questions, told, strict=True) if said)

    @property
    def commands(self) -> tuple[tuple[str, str], ...]:
        """What to run next, each with when."""
        known = (("more", self.explain), (self.record_when, self.record))
        return tuple((when, command) for when, command in known if command)


def of_run(run: Run, headlines: list[Headline]) -> Answers:
    """The answers of a run beside no other; of several scenarios those that hold for all of them."""
    if run.tunings:
        return _of_tunings(run.tunings, headlines)
    if len(run.scenarios) == 1:
        return _of_scenario(run, run.scenarios[0], headlines[0])
    return _of_scenarios(run, headlines)


def _of_scenarios(run: Run, headlines: list[Headline]) -> Answers:
    """Each has a row of its own; the costliest of their findings comes first."""
    if not run.scenarios:
        return Answers(SLOW, worse=headlines[0].effect, effect=gains(headlines))
    sure = how_sure(run)
    found = [
        (scenario, both.baseline, cause)
        for scenario in run.scenarios
        if (both := pair(scenario)) is not None and (cause := worst_of(both.baseline.findings)) is not None
    ]
    if not found:
        return Answers(SLOW, how_sure=sure, effect=gains(headlines))
    scenario, base, cause = max(found, key=lambda one: one[2].saving_ns or 0)
    name = units.clean(scenario.name, 60)
    return Answers(
        SLOW,
        how_sure=sure,
        what_to_do=f"Begin with {name}: {to_do(cause, measured(scenario, base, cause))}",
        explain=explain(cause),
        effect=gains(headlines),
    )


def _of_scenario(run: Run, scenario: ScenarioResult, headline: Headline) -> Answers:
    found = pair(scenario)
    if found is None:
        return Answers(SLOW, worse=headline.effect, how_sure=how_sure(run), effect=gains([headline]))
    base, best = found.baseline, found.best
    cause = worst_of(base.findings)
    slow_ns = time_ns(scenario, base) or 0
    measure = goals.name(scenario)
    slow, slowest, at = units.seconds(slow_ns), units.clean(base.strategy, 60), at_cell(scenario, base)
    much = "No other strategy answers right and sooner."
    if best is not None:
        fast, winner = units.seconds(time_ns(scenario, best) or 0), units.clean(best.strategy, 60)
        gained = f"{headline.factor}: " if headline.factor else ""
        much = f"{gained}{winner} answers the same in {fast}."
        if measure != goals.ELAPSED:
            much = f"{gained}it is {fast} with {winner}, which answers the same."
    site, statement = place(cause) if cause else ("", "")
    worse = f"{slowest} takes {slow} {at}."
    if measure != goals.ELAPSED:
        worse = f"{measure} is {slow} with {slowest} {at}."
    return Answers(
        SLOW,
        worse=worse,
        how_much=much,
        how_sure=how_sure(run),
        where=site,
        statement=statement,
        what_to_do=to_do(cause, measured(scenario, base, cause)) if cause else "",
        explain=explain(cause) if cause else "",
        facts=tuple(Fact(*fact) for fact in headline.facts),
        effect=gains([headline]),
    )


def to_do(finding: Finding, saved: str = "") -> str:
    """The fix, what it is said to save and on what grounds, and what it did save."""
    fix = units.clean(finding.fix, 400) or f"Mend {units.clean(finding.name, 60)}."
    if not fix.endswith((".", "!", "?", "…")):
        fix += "."
    saving = ""
    if finding.saving_ns is not None:
        basis = units.clean(finding.basis, 200)
        grounds = f" ({basis})" if basis and basis != "unknown" else ""
        beside = f"; {saved}" if saved else ""
        saving = f" Predicted saving {units.seconds(finding.saving_ns)}{grounds}{beside}."
    elif saved:
        saving = f" It saved: {saved}."
    return fix + saving


def place(finding: Finding) -> tuple[str, str]:
    """The line to edit, or the spans around it; and the masked operation."""
    site = str(finding.site) if finding.site else finding.place
    return units.clean(site, 160) or "place not known", units.clean(finding.template, 300)


def explain(finding: Finding) -> str:
    """The command that tells more of a finding's rule."""
    return f"perfkit explain {units.clean(finding.rule, 20)}"


def how_sure(run: Run) -> str:
    """What the figures of this run are worth."""
    if run.clock == "virtual":
        return "Exact: counters and virtual time have no noise. Latency is modelled."
    samples = [len(c.samples) for scenario in run.scenarios for c in scenario.cells if c.samples]
    if not samples or max(samples) < 2:
        return "Counters are exact. Times are of one sample, with noise that is not known; try --repeats 5."
    return f"Counters are exact. Times are medians of {min(samples)} samples on this machine."


def _of_tunings(tunings: list[Tuning], headlines: list[Headline]) -> Answers:
    """What one search chose; of several, which have rows of their own, what holds for all."""
    checked = sum(len(tuning.checks) for tuning in tunings)
    again = f"; {units.plural(checked, 'check')} at other sizes or seeds" if checked else ""
    sure = f"{units.plural(sum(len(t.points) for t in tunings), 'setting')} measured{again}."
    to_do = " ".join(filter(None, map(_to_set, tunings)))
    if len(tunings) > 1:
        return Answers(TUNED, how_sure=sure, what_to_do=to_do, effect=gains(headlines))
    first, tuning = headlines[0], tunings[0]
    sentences = [units.clean(sentence, 300) for sentence in tuning.sentences]
    return Answers(
        TUNED,
        worse=first.effect,
        how_much=next((sentence for sentence in sentences[1:] if sentence != first.cause), ""),
        how_sure=sure,
        where=f"{units.clean(tuning.scenario, 60)}: {units.clean(tuning.strategy, 60)} on "
        f"{units.clean(tuning.world_title or tuning.world, 80)}",
        what_to_do=" ".join(filter(None, (to_do, first.cause))),
        effect=gains(headlines),
    )


def _to_set(tuning: Tuning) -> str:
    """The setting to take, and the one it replaces."""
    if tuning.chosen is None or tuning.point(tuning.chosen) is None:
        return ""
    strategy = f"{units.clean(tuning.scenario, 60)}.{units.clean(tuning.strategy, 60)}"
    if tuning.chosen == tuning.defaults:
        return f"Keep {strategy} as declared."
    chosen, declared = (setting_shown(each) for each in (tuning.chosen, tuning.defaults))
    return units.clean(f"Set {chosen} in {strategy} (declared: {declared}).", 300)
