"""Findings, and what a run fails for, as a Code Quality report of GitLab, shown in merge requests.

GitLab takes an entry only with a path inside the repository; of entries with one fingerprint it shows the
first. So a finding in a library stands at the nearest line of the project that led to it, and equal
fingerprints are told apart by a number.

Source: docs.gitlab.com, "Code Quality report format".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

import msgspec

from perfkit.model import Frame, Run
from perfkit.model.plain import encode
from perfkit.report import units
from perfkit.report.view.alerts import Alert, of_run, other_findings
from perfkit.report.view.findings import Found

NOWHERE = "perfkit"
"""The path of what has none."""

MAX_DESCRIPTION = 1_000

_SEVERITIES = {"error": "critical", "warning": "major", "note": "info"}
_OUTSIDE = re.compile(r"/|[A-Za-z]:|\.\.(?:/|$)|<|~")
"""How the paths begin that are not in the repository."""


class _Entry(NamedTuple):
    description: str
    check: str
    identity: str
    severity: str
    path: str
    line: int


def render(run: Run) -> bytes:
    """The array of entries, indented, ending in a newline; what a run fails for stands first."""
    entries = [_alert(alert, run) for alert in of_run(run)]
    entries += [_finding(found, run) for found in other_findings(run)]
    return msgspec.json.format(encode(list(_unlike(entries))), indent=1) + b"\n"


def _unlike(entries: list[_Entry]) -> Iterator[dict[str, object]]:
    """With fingerprints of which no two are equal."""
    seen: dict[str, int] = {}
    for entry in entries:
        number = seen[entry.identity] = seen.get(entry.identity, 0) + 1
        yield {
            "description": entry.description,
            "check_name": entry.check,
            "fingerprint": entry.identity if number == 1 else f"{entry.identity}-{number}",
            "severity": entry.severity,
            "location": {"path": entry.path, "lines": {"begin": entry.line}},
        }


def _alert(alert: Alert, run: Run) -> _Entry:
    """What stops the change is critical, a strategy that failed a blocker, what cannot be told minor."""
    failed = alert.rule == "strategy-failed"
    severity = "blocker" if failed else "critical" if alert.stops else "minor"
    path, line = _place([alert.site] if alert.site else [], run)
    text = units.clean(alert.text, MAX_DESCRIPTION)
    return _Entry(text, alert.rule, alert.identity, severity, path, line)


def _finding(found: Found, run: Run) -> _Entry:
    finding, row = found.finding, found.row
    frames = [finding.site, *finding.path] if finding.site else []
    path, line = _place([frame for frame in frames if frame], run, found.file)
    said = units.clean(f"{row.sentence} {row.fix}".strip(), MAX_DESCRIPTION)
    check = units.clean(f"{finding.rule} {finding.name}", 80)
    return _Entry(said, check, finding.identity, _SEVERITIES[found.level], path, line)


def _place(frames: list[Frame], run: Run, file: str = "") -> tuple[str, int]:
    """The first line in the repository, else the file or the program that was measured."""
    for frame in frames:
        if (path := _inside(frame.file)) is not None:
            return path, max(1, frame.line)
    words = (file, *(word for word in run.command if word.endswith(".py")))
    return next((path for word in words if (path := _inside(word))), NOWHERE), 1


def _inside(file: str) -> str | None:
    r"""The path as GitLab wants it; None for one that is not in the repository.

    >>> _inside("./app/views.py"), _inside("app\\views.py"), _inside("/usr/lib/x.py"), _inside("../x.py")
    ('app/views.py', 'app/views.py', None, None)
    """
    path = units.clean(file.replace("\\", "/"), 300).removeprefix("./")
    if not path or _OUTSIDE.match(path) or ".." in PurePosixPath(path).parts:
        return None
    return path
