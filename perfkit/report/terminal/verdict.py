"""The first lines of the terminal's report: the verdict, the first answers, problems, warnings."""

from __future__ import annotations

from perfkit.report.terminal.console import Column, Writer
from perfkit.report.view.headline import Headline
from perfkit.report.view.page import Page

MAX_PROBLEMS = 10
MAX_WARNINGS = 5
_STYLES = {"PASS": "bold green", "FAIL": "bold red", "INCONCLUSIVE": "bold yellow"}


def write_verdict(shown: Page, out: Writer) -> None:
    """The verdict, problems, the answers, a row for each of several parts, warnings."""
    out.line(f"{shown.outcome}: {shown.meaning}", _STYLES.get(shown.outcome, ""))
    for problem in shown.problems[:MAX_PROBLEMS]:
        out.line(problem, "red", label="problem: ")
    if len(shown.headlines) > 1 and shown.gate is None:
        _parts(shown.headlines, out)
    _answers(shown, out)
    for warning in shown.warnings[:MAX_WARNINGS]:
        out.line(warning, "yellow", label="warning: ")
    out.more(
        [(len(shown.problems) - MAX_PROBLEMS, "problem"), (len(shown.warnings) - MAX_WARNINGS, "warning")]
    )


def _parts(headlines: tuple[Headline, ...], out: Writer) -> None:
    """Several scenarios or tunings: what each is judged by, before and after."""
    out.line()
    judged = [one for one in headlines if one.facts]
    if judged:
        names = [one.facts[0][0] if one.facts[0][0] != "time" else "" for one in judged]
        columns = [
            Column("scenario", tuple(one.name for one in judged), text=True),
            Column("baseline", tuple(one.facts[0][1] for one in judged)),
            Column("fastest", tuple(one.facts[0][2] for one in judged)),
            Column("factor", tuple(one.factor for one in judged)),
            Column("of", tuple(names), text=True),
        ]
        out.table(columns if any(names) else columns[:-1])
    for one in headlines:
        if not one.facts:
            out.line(one.effect, label=f"{one.name}: " if one.name else "")
    out.line()


def _answers(shown: Page, out: Writer) -> None:
    """Questions and answers; of a gate that found no change only what it rests on."""
    answers, gate = shown.answers, shown.gate
    told = list(answers.lines)
    if gate is not None and told and told[0][1].rstrip(".").endswith(shown.meaning.rstrip(".")):
        del told[0]  # the verdict says it
    if gate is not None and shown.outcome == "PASS" and not gate.changed:
        told = [line for line in told if line[1] == answers.how_sure]
    width = max((len(question) for question, _ in told), default=0) + 2
    for question, said in told:
        out.line(said, label=question.ljust(width))
    for when, command in answers.commands if told else ():
        out.line(command, "bold", indent=width, label=" " * width + f"{when}: ")
    if gate is not None and gate.compared:
        out.line(gate.compared, "dim", label="Compared".ljust(width))
