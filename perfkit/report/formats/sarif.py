"""Findings, and what a gate found, as SARIF 2.1.0 for code scanning: alerts that keep their identity.

What GitHub asks beyond the schema is kept to: each result has a file (one without refuses the whole upload),
at most 5,000 results, the costliest first. Its identity is ``partialFingerprints["perfkit/v1"]``, which holds
no line. GitHub's own key, ``primaryLocationLineHash``, is left to GitHub, which complains of any other value.

Sources: docs.oasis-open.org/sarif/sarif/v2.1.0; docs.github.com, "SARIF support for code scanning".
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import msgspec

from perfkit.model import Frame, Run
from perfkit.model.plain import encode
from perfkit.report import units
from perfkit.report.view.alerts import RULES, Alert, of_gate, of_targets, other_findings
from perfkit.report.view.findings import Found
from perfkit.report.view.headline import warnings_of
from perfkit.report.view.rule_pages import RulePage, of_rules, plain

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

MAX_RESULTS = 5_000
"""GitHub shows no more of one run."""

MAX_DESCRIPTION = 900
"""GitHub takes 1,024 characters of a rule's description; a cut text says so, which takes some more."""

FINGERPRINT = "perfkit/v1"
"""Raised when ``Finding.identity`` is made in another way."""

_ROOT = "%SRCROOT%"
_STATES = {"new": "new", "known": "unchanged"}
_WINDOWS = re.compile(r"[A-Za-z]:[\\/]")

Json = dict[str, Any]


def render(run: Run) -> bytes:
    """The log with one run, indented, ending in a newline. The same run gives the same bytes."""
    found = other_findings(run)
    shown = found[:MAX_RESULTS]
    gated = [*(of_gate(run.gate) if run.gate else []), *of_targets(run)][:MAX_RESULTS]
    codes = sorted({one.finding.rule for one in shown})
    kinds = sorted({one.rule for one in gated})
    names = {one.finding.rule: one.finding.name for one in shown}
    pages = {page.code: page for page in of_rules(codes)}
    rules = [_rule(code, names[code], pages.get(code)) for code in codes] + list(map(_gate_rule, kinds))
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": _driver(run, rules)},
                "invocations": [_invocation(run, len(found) - len(shown))],
                "originalUriBaseIds": {_ROOT: {"description": {"text": "The folder the program ran in."}}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(one, codes, run) for one in shown]
                + [_alert(one, len(codes) + kinds.index(one.rule), run) for one in gated],
                "properties": {"kind": run.kind, "clock": run.clock, "outcome": run.outcome.name},
            }
        ],
    }
    return msgspec.json.format(encode(log), indent=1) + b"\n"


def _driver(run: Run, rules: list[Json]) -> Json:
    version = {"version": units.clean(run.perfkit, 40)} if run.perfkit else {}
    return {"name": "perfkit", **version, "rules": rules}


def _rule(code: str, name: str, page: RulePage | None) -> Json:
    """A rule with its page; the name alone where this machine does not have the rule."""
    what, why = (page.what, page.why) if page else ("", "")
    shown = units.clean(name, 200) or code
    return {
        "id": code,
        "name": shown,
        "shortDescription": {"text": units.clean(what.partition(". ")[0], MAX_DESCRIPTION) or shown},
        "fullDescription": {"text": units.clean(f"{what} {why}", MAX_DESCRIPTION).strip() or shown},
        "help": {"text": plain(page.markdown), "markdown": page.markdown} if page else {"text": shown},
        "defaultConfiguration": {"level": "warning"},
        "properties": {"tags": ["performance"], "precision": "high", "problem.severity": "warning"},
    }


def _invocation(run: Run, left_out: int) -> Json:
    notes = [("error", text) for text in run.problems()]
    notes += [("warning", text) for text in warnings_of(run)]
    notes += [("note", text) for text in (run.imported.left_out if run.imported else [])]
    if left_out:
        more = units.plural(left_out, "more finding")
        notes.append(("note", f"{more} left out, the cheapest: code scanning takes {MAX_RESULTS:,}."))
    return {
        "executionSuccessful": not run.interrupted,
        "toolExecutionNotifications": [
            {"level": level, "message": {"text": _message(units.clean(text, 500))}} for level, text in notes
        ],
    }


def _result(found: Found, codes: list[str], run: Run) -> Json:
    finding, row = found.finding, found.row
    site = finding.site
    path = list(reversed(finding.path))
    flow = {"codeFlows": [{"threadFlows": [{"locations": [_step(frame) for frame in path]}]}]}
    return {
        "ruleId": finding.rule,
        "ruleIndex": codes.index(finding.rule),
        "level": found.level,
        "message": {"text": _message("\n".join(row.lines))},
        "locations": [_location(site) if site else _elsewhere(found, run)],
        "partialFingerprints": {FINGERPRINT: finding.identity},
        **(flow if len(path) > 1 else {}),
        **({"baselineState": _STATES[found.status]} if found.status in _STATES else {}),
        "properties": {
            "count": finding.count,
            "traces": finding.traces,
            "spent_ns": finding.spent_ns,
            "saving_ns": finding.saving_ns,
            "basis": row.basis,
        },
    }


def _gate_rule(kind: str) -> Json:
    text = {"text": RULES[kind]}
    return {
        "id": kind,
        "name": kind,
        "shortDescription": text,
        "fullDescription": text,
        "help": text,
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["performance"], "precision": "very-high", "problem.severity": "error"},
    }


def _alert(alert: Alert, rule_index: int, run: Run) -> Json:
    """What the gate found; without a line it is put where the program is, as each must have a file."""
    elsewhere = {
        "physicalLocation": {"artifactLocation": _artifact(_program(run)), "region": {"startLine": 1}}
    }
    return {
        "ruleId": alert.rule,
        "ruleIndex": rule_index,
        "level": alert.level,
        "message": {"text": _message(alert.text)},
        "locations": [_location(alert.site) if alert.site else elsewhere],
        "partialFingerprints": {FINGERPRINT: alert.identity},
    }


def _program(run: Run) -> str:
    return next((word for word in run.command if word.endswith(".py")), "") or "perfkit"


def _location(frame: Frame) -> Json:
    return {
        "physicalLocation": {
            "artifactLocation": _artifact(frame.file),
            "region": {"startLine": max(1, frame.line)},
        },
        "logicalLocations": [{"fullyQualifiedName": units.clean(frame.function, 200), "kind": "function"}],
    }


def _step(frame: Frame) -> Json:
    return {"location": {**_location(frame), "message": {"text": units.clean(frame.function, 200) or "?"}}}


def _elsewhere(found: Found, run: Run) -> Json:
    """Of a finding without a line: the file it was read from, and the spans around it."""
    file = found.file or _program(run)
    location: Json = {"physicalLocation": {"artifactLocation": _artifact(file), "region": {"startLine": 1}}}
    if found.finding.place:
        name = units.clean(found.finding.place, 200)
        location["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "member"}]
    return location


def _artifact(file: str) -> Json:
    """The file as a URI: relative to the source's root, or with its whole path if it lies elsewhere."""
    if _WINDOWS.match(file):
        file = "/" + file.replace("\\", "/")
    elif not file.startswith("/"):
        return {"uri": _quoted(file.removeprefix("./")) or "perfkit", "uriBaseId": _ROOT}
    return {"uri": f"file://{_quoted(file)}"}


def _quoted(path: str) -> str:
    return quote(path, safe="/", errors="replace")


def _message(text: str) -> str:
    # "[...](...)" is a link in a message; SQL and JSON may look like one
    return text.replace("](", "] (")
