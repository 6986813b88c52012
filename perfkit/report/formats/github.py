"""Findings, and what a gate stops, as annotations of GitHub Actions, shown beside the changed lines.

Of one step GitHub shows ten annotations of each level and drops the others without a word. So ten are
written, what makes the run fail and then the worst findings, and a notice that says how many more there are.

Source: docs.github.com, "Workflow commands for GitHub Actions"; actions/toolkit for the limits and escapes.
"""

from __future__ import annotations

from collections.abc import Iterator

from perfkit.model import Run
from perfkit.report import units
from perfkit.report.view.alerts import Alert, of_gate, of_strategies, of_targets, of_tunings, other_findings
from perfkit.report.view.findings import Found
from perfkit.report.view.gate import headline

MAX_ANNOTATIONS = 10
MAX_PROBLEMS = 20
"""Lines of the one annotation that says why a run fails."""

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def render(run: Run) -> bytes:
    """A line for each annotation, and of a gate the verdict, which is none; without any it says so."""
    lines = list(_annotations(run))
    left = len(lines) - MAX_ANNOTATIONS
    if left > 0:
        more = units.plural(left, "more difference" if run.gate else "more finding")
        title = "perfkit gate" if run.gate else "perfkit"
        notice = _command("notice", {"title": title}, f"{more} not shown here; the report has all.")
        lines = [*lines[:MAX_ANNOTATIONS], notice]
    if run.gate is not None:
        lines.append(f"perfkit: {run.outcome.name}: {headline(run.gate, run.outcome)}")
    return "\n".join([*(lines or ["perfkit: no findings"]), ""]).encode("utf-8", "replace")


def _annotations(run: Run) -> Iterator[str]:
    """What the run fails for, what could not be told, then findings: those that the change brought first."""
    failed = [alert.text for alert in (*of_strategies(run), *of_tunings(run))]
    if failed:
        yield _command("error", {"title": "perfkit"}, "\n".join(_shown(failed)))
    found = [*(of_gate(run.gate) if run.gate else []), *of_targets(run)]
    yield from map(_alert, sorted(found, key=lambda alert: not alert.stops))
    findings = [one for one in other_findings(run) if one.status != "known"]
    yield from map(_annotation, sorted(findings, key=lambda one: one.status != "new"))


def _alert(alert: Alert) -> str:
    properties = {"title": alert.title}
    if alert.site:
        line = str(max(1, alert.site.line))
        properties = {"file": alert.site.file, "line": line, "endLine": line, **properties}
    return _command(_COMMANDS[alert.level], properties, alert.text)


def _shown(problems: list[str]) -> list[str]:
    left_out = len(problems) - MAX_PROBLEMS
    more = [f"and {units.plural(left_out, 'more problem')}"] if left_out > 0 else []
    return [units.clean(problem, 500) for problem in problems[:MAX_PROBLEMS]] + more


def _annotation(found: Found) -> str:
    row, site = found.row, found.finding.site
    properties, lines = {"title": f"{row.rule} {row.name}"}, row.lines
    if site:
        line = str(max(1, site.line))
        properties = {"file": site.file, "line": line, "endLine": line, **properties}
    else:
        lines = (row.sentence, f"Place: {row.site}", *row.lines[1:])
    return _command(_COMMANDS[found.level], properties, "\n".join(lines))


def _command(name: str, properties: dict[str, str], message: str) -> str:
    r"""A workflow command; what would end it or start another is escaped.

    >>> _command("notice", {"title": "a: b, c"}, "50 %\nmore")
    '::notice title=a%3A b%2C c::50 %25%0Amore'
    """
    shown = ",".join(f"{key}={_escaped(value, ':,')}" for key, value in properties.items())
    return f"::{name} {shown}::{_escaped(message)}"


def _escaped(text: str, more: str = "") -> str:
    for character in f"%\r\n{more}":
        text = text.replace(character, f"%{ord(character):02X}")
    return text
