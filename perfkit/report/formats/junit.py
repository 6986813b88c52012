"""Findings as JUnit XML, for the test pages of CI systems: what is wrong fails, and nothing else does.

A recorded program or a file of traces is one suite with a test case for each finding, which fails: it is what
was asked for; without any it has one that passes. A scenario is a suite of its own: a test case for each
strategy, which fails if the strategy did, and one for each finding. That fails if it is a wrong answer or new
against the base, and is skipped otherwise, since it does not fail the run.

A gate has a suite with a test case for each entry that is no longer true, each benchmark and each problem:
what stops the change fails, what could not be decided is skipped, as are findings that the base has, too.
Each target is a test case, and each strategy that was tuned.

Names hold no line and no count, so that a CI system finds the same finding again in the next run.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from msgspec.structs import replace

from perfkit.model import Cell, Gate, Outcome, Run, ScenarioResult
from perfkit.report import units
from perfkit.report.view.alerts import (
    TARGETS,
    TIMES,
    Alert,
    of_gate,
    of_targets,
    of_tunings,
    target_name,
    tuning_key,
)
from perfkit.report.view.findings import Found, of_recording, of_scenario
from perfkit.report.view.gate import headline, view
from perfkit.report.view.headline import outcome_meaning

MEANT = "only in strategies that are there to be slow or wrong"
KNOWN = "known: the base has it, too"
SEEN = "could be faster, which does not fail the run"

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, not even as references."""


@dataclass(frozen=True)
class _Case:
    """One test case; ``outcome`` is "", "failure" or "skipped"."""

    group: str
    name: str
    spent_ns: int = 0
    outcome: str = ""
    message: str = ""
    kind: str = ""
    details: str = ""
    file: str = ""
    line: int = 0


def render(run: Run) -> bytes:
    """The document in UTF-8, ending in a newline."""
    suites = {f"perfkit.{units.clean(s.name, 60)}": list(_of_scenario(s, run.gate)) for s in run.scenarios}
    if run.gate is not None:
        suites["perfkit.gate"] = list(_of_gate(run.gate, run.outcome))
    if run.tunings:
        suites["perfkit.tune"] = list(_of_tunings(run))
    if run.targets:
        suites[TARGETS] = list(_of_targets(run))
    recorded = [_of_finding(one, KNOWN if one.status == "known" else "") for one in of_recording(run)]
    if recorded or not suites:
        suites["perfkit"] = recorded or [_nothing_found(run)]
    root = Element("testsuites", name="perfkit")
    seen: dict[tuple[str, str], int] = {}
    suites = {name: [_unlike(case, seen) for case in cases] for name, cases in suites.items()}
    for name, cases in suites.items():
        _suite(root, name, cases)
    _count(root, [case for cases in suites.values() for case in cases])
    indent(root)
    body: bytes = tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + body + b"\n"


def _unlike(case: _Case, seen: dict[tuple[str, str], int]) -> _Case:
    """With a number where a case of that name came before: one operation on two lines of one function."""
    key = (case.group, case.name)
    seen[key] = seen.get(key, 0) + 1
    return case if seen[key] == 1 else dataclasses.replace(case, name=f"{case.name} ({seen[key]})")


def _of_scenario(scenario: ScenarioResult, gate: Gate | None) -> Iterable[_Case]:
    for info in scenario.strategies:
        cells = [cell for cell in scenario.cells if cell.strategy == info.name]
        if cells:
            yield _of_strategy(scenario, info.name, cells)
    for one in of_scenario(scenario, gate):
        fails = one.level == "error" or one.status == "new"
        seen = KNOWN if one.status == "known" else "" if fails else SEEN
        yield _of_finding(one, MEANT if one.meant else seen)


def _of_strategy(scenario: ScenarioResult, name: str, cells: list[Cell]) -> _Case:
    """The strategy in all its cells; its time is that of their samples."""
    problems = [units.clean(text, 500) for text in replace(scenario, cells=cells).problems()]
    skipped = all(cell.status == "skipped" for cell in cells)
    return _Case(
        group=f"{units.clean(scenario.name, 60)}.strategies",
        name=units.clean(name, 60),
        spent_ns=sum(cell.elapsed_ns or 0 for cell in cells),
        outcome="failure" if problems else "skipped" if skipped else "",
        message=problems[0] if problems else units.clean(cells[0].error, 300) if skipped else "",
        kind="problem" if problems else "",
        details="\n".join(problems),
    )


def _of_finding(one: Found, excused: str) -> _Case:
    row, site = one.row, one.finding.site
    place = f"{site.file} in {site.function}" if site else row.site
    called = [f"Called from: {' < '.join(row.path)}"] if row.path else []
    return _Case(
        group=f"{row.rule} {row.name}",
        name=f"{units.clean(place, 200)}: {row.template}",
        spent_ns=one.finding.spent_ns,
        outcome="skipped" if excused else "failure",
        message=f"{excused}: {row.sentence}" if excused else row.sentence,
        kind=row.rule,
        details="\n".join([f"{row.rule} {row.where}", *row.lines, *called]),
        file=site.file if site else "",
        line=max(1, site.line) if site else 0,
    )


def _of_gate(gate: Gate, outcome: Outcome) -> Iterable[_Case]:
    """One case for each entry or benchmark, with all that is to say about it."""
    found: dict[tuple[str, str], list[Alert]] = {}
    for alert in of_gate(gate):
        found.setdefault((alert.group, alert.name), []).append(alert)
    yield from (_of_alerts(group, name, some) for (group, name), some in found.items())
    for row in view(gate, outcome).timings:
        if (TIMES, row.name) not in found:
            yield _Case(TIMES, row.name)
    if gate.compared and not any(alert.stops for alert in of_gate(gate)):
        yield _Case("perfkit.gate", f"{'lines of baselines' if gate.strict else 'figures'} compared")
    elif not found and not gate.timings:
        yield _Case("perfkit.gate", "compared", outcome="skipped", message=headline(gate, outcome))


def _of_alerts(group: str, name: str, found: list[Alert]) -> _Case:
    stops = any(alert.stops for alert in found)
    site = next((alert.site for alert in found if alert.site), None)
    return _Case(
        group=group,
        name=name,
        spent_ns=sum(alert.spent_ns for alert in found),
        outcome="failure" if stops else "skipped",
        message=found[0].text.partition("\n")[0],
        kind=found[0].rule if stops else "",
        details="\n".join(alert.text for alert in found),
        file=site.file if site else "",
        line=max(1, site.line) if site else 0,
    )


def _of_tunings(run: Run) -> Iterable[_Case]:
    """One for each strategy that was tuned; it fails where no setting keeps the limits."""
    failed = {(alert.group, alert.name): [alert] for alert in of_tunings(run)}
    for tuning in run.tunings:
        group, name = tuning_key(tuning)
        case = failed.get((group, name))
        yield _of_alerts(group, name, case) if case else _Case(group, name)


def _of_targets(run: Run) -> Iterable[_Case]:
    """One for each target; what could not be measured is skipped."""
    alerts_of = {alert.name: alert for alert in of_targets(run)}
    for name in dict.fromkeys(map(target_name, run.targets)):
        yield _of_alerts(TARGETS, name, [alerts_of[name]]) if name in alerts_of else _Case(TARGETS, name)


def _nothing_found(run: Run) -> _Case:
    """So that the page is not empty. It passes where something was looked at."""
    looked = run.outcome is not Outcome.INCONCLUSIVE
    message = "" if looked else outcome_meaning(run)
    return _Case("perfkit", "no findings", outcome="" if looked else "skipped", message=message)


def _suite(root: Element, name: str, cases: list[_Case]) -> None:
    suite = SubElement(root, "testsuite", name=_text(name))
    _count(suite, cases)
    for case in cases:
        facts = {"classname": case.group, "name": case.name, "time": _seconds(case.spent_ns)}
        if case.file:
            facts |= {"file": case.file, "line": str(case.line)}
        element = SubElement(suite, "testcase", {name: _text(fact) for name, fact in facts.items()})
        if case.outcome == "skipped":
            SubElement(element, "skipped", message=_text(case.message))
        elif case.outcome:
            wrong = SubElement(element, case.outcome, message=_text(case.message), type=_text(case.kind))
            wrong.text = _text(case.details)


def _count(element: Element, cases: list[_Case]) -> None:
    element.set("tests", str(len(cases)))
    element.set("failures", str(sum(case.outcome == "failure" for case in cases)))
    element.set("errors", "0")
    element.set("skipped", str(sum(case.outcome == "skipped" for case in cases)))
    element.set("time", _seconds(sum(case.spent_ns for case in cases)))


def _seconds(ns: int) -> str:
    return f"{ns / 1e9:.6f}"


def _text(text: str) -> str:
    return _NO_XML.sub("?", text)
