"""The answers about a recorded program, or about traces of one: what took long, and what to begin with."""

from __future__ import annotations

from perfkit.model import Run
from perfkit.model.profile import Profile
from perfkit.report import units
from perfkit.report.view.answers import Answers, explain, how_sure, place, to_do
from perfkit.report.view.headline import Headline
from perfkit.report.view.words import is_timed, times, worst_of

QUESTIONS = ("What took long?", "What would a fix save?", "How sure?", "Where?", "What to do?")
QUIET = "No rule found anything to mend."


def of_recording(run: Run, headline: Headline) -> Answers:
    """The costliest finding; without one, the costliest line of a profile."""
    worst, imported = worst_of(run.findings), run.imported is not None
    if worst is None:
        return _of_profile(run, headline)
    site, statement = place(worst)
    spent = f"{times(worst, imported=imported)}, {units.seconds(worst.spent_ns)}"
    if not is_timed(worst):
        spent = units.clean(worst.evidence[0], 300) if worst.evidence else "it cost no time"
    asked = ("What was found?", *QUESTIONS[1:]) if imported else QUESTIONS
    rule = f"{units.clean(worst.rule, 20)} {units.clean(worst.name, 60)}"
    return Answers(
        asked,
        worse=headline.effect,
        how_much=f"{_saving(run, worst.saving_ns)}: {rule}, {spent}.",
        how_sure=_how_sure(run),
        where=site,
        statement=statement,
        what_to_do=to_do(worst),
        explain=explain(worst),
        effect=headline.gain,
    )


def _saving(run: Run, saving_ns: int | None) -> str:
    """With its share of the whole, so that little is not taken for much."""
    if saving_ns is None:
        return "not predicted"
    whole_ns = run.trace.end_ns - run.trace.start_ns if run.trace is not None else 0
    if not 0 <= saving_ns <= whole_ns or whole_ns == 0:
        return units.seconds(saving_ns)
    percent = 100 * saving_ns // whole_ns
    return f"{units.seconds(saving_ns)}, {f'{percent} %' if percent else 'less than 1 %'} of the whole"


def _how_sure(run: Run) -> str:
    if run.clock == "virtual":
        return how_sure(run)
    if run.imported is not None:
        return "Counts are exact; times are those of the traces."
    if run.interrupted:
        return "It was killed: what it did in its last second may be missing from every count."
    return "Counts are exact; times are of one run."


def _of_profile(run: Run, headline: Headline) -> Answers:
    """Nothing to mend is known: where the time or the memory went, or how to learn it."""
    found = next((_hottest(profile) for profile in run.profiles), None)
    where, much = found or ("", "")
    to_do = f"Begin there: {where} costs most. The flame graph has who calls it." if where else ""
    if run.trace is not None and not run.profiles and not run.interrupted:
        to_do = "To see which lines compute, run it with --cpu; which hold memory, with --memory."
    return Answers(
        QUESTIONS,
        worse=headline.effect,
        how_much=f"{QUIET} {much}".strip() if not run.interrupted else "",
        how_sure=_how_sure(run),
        where=where,
        what_to_do=to_do,
        effect=headline.gain,
    )


def _hottest(profile: Profile) -> tuple[str, str]:
    """The costliest line of a profile, and in a sentence its share."""
    if profile.kind == "memory":
        if not profile.top or profile.peak_bytes <= 0:
            return "", ""
        line, held, whole = str(profile.top[0].frame), profile.top[0].bytes, profile.peak_bytes
        share = f"{units.size(held)} of {units.size(whole)} at the peak"
    else:
        lines, whole = profile.tree.hottest(1), sum(profile.tree.value)
        if not lines or whole <= 0:
            return "", ""
        line, held = str(lines[0].frame), lines[0].own
        share = f"{units.seconds(held)} of {units.seconds(whole)}"
    return units.clean(line, 160), f"The costliest line has {100 * held // whole} %, {share}."
