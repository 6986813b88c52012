"""Which rules there are, and running them over a trace.

A rule is a module with ``CODE``, ``NAME`` and ``check(view) -> list[Finding]``, and a page of the same code
under pages/. Another package adds one through the entry point group ``perfkit.rules``.
"""

from __future__ import annotations

import importlib
from collections.abc import Collection
from functools import cache
from typing import Protocol

from perfkit.errors import UnknownNameError
from perfkit.model import Finding, Trace
from perfkit.rules.allowed import KIND as PERMISSION
from perfkit.rules.allowed import Allowed, allowed, permissions_for_none, without_allowed
from perfkit.rules.limits import Limits
from perfkit.rules.merging import merged
from perfkit.rules.sources import Sources
from perfkit.rules.view import View, by_cost

BUILT_IN = {
    "PK101": "perfkit.rules.n_plus_one_query",
    "PK102": "perfkit.rules.n_plus_one_request",
    "PK103": "perfkit.rules.duplicate_query",
    "PK104": "perfkit.rules.duplicate_request",
    "PK105": "perfkit.rules.row_by_row_write",
    "PK106": "perfkit.rules.repeating_pattern",
    "PK201": "perfkit.rules.serial_awaits",
    "PK202": "perfkit.rules.blocking_call",
    "PK203": "perfkit.rules.head_of_line",
    "PK301": "perfkit.rules.in_memory_page",
    "PK302": "perfkit.rules.ignored_filter",
    "PK303": "perfkit.rules.full_scan",
    "PK401": "perfkit.rules.connection_churn",
    "PK402": "perfkit.rules.throttled",
    "PK403": "perfkit.rules.slow_serialisation",
    "PK501": "perfkit.rules.results_differ",
    "PK502": "perfkit.rules.growth",
}
"""Code of each rule and its module. Adding one is one file, one page and one line here."""

ENTRY_POINTS = "perfkit.rules"


class Rule(Protocol):
    """What a rule's module offers."""

    CODE: str
    NAME: str

    def check(self, view: View) -> list[Finding]:
        """The findings in ``view.trace``, the costliest first; must not change the trace."""


def available() -> dict[str, str]:
    """Code of each rule to the module that holds it, built-in ones and those of other packages."""
    return {**_of_other_packages(), **BUILT_IN}


def load(code: str) -> Rule:
    """The rule of that code, in any case. Raises UnknownNameError with the nearest ones."""
    known = available()
    if code.upper() not in known:
        raise UnknownNameError("rule", code, known)
    return importlib.import_module(known[code.upper()])


def check(
    trace: Trace,
    limits: Limits | None = None,
    sources: Sources | None = None,
    *,
    codes: Collection[str] | None = None,
) -> list[Finding]:
    """What all rules find in ``trace``, the costliest first; without what ``perfkit.allow`` permits.

    ``limits`` are the thresholds (default: those of ``Limits()``); ``sources`` where the program's source
    files are read (default: below the working directory); ``codes`` name the rules, if not all.
    """
    limits, sources = limits or Limits(), sources or Sources()
    whole = View(trace, limits, sources)
    findings = []
    permits = any(span.kind == PERMISSION for span in trace.spans)
    for rule in map(load, sorted(available() if codes is None else codes)):
        seen = without_allowed(trace, rule.CODE, rule.NAME) if permits else trace
        findings += rule.check(whole if seen is trace else View(seen, limits, sources))
    return by_cost([finding for finding in merged(findings) if _costs_enough(finding, limits)])


def check_allowed(trace: Trace, limits: Limits | None = None, sources: Sources | None = None) -> Allowed:
    """What ``perfkit.allow`` permitted, and the permissions that no finding needed or no rule knows."""
    limits, sources = limits or Limits(), sources or Sources()
    if not any(span.kind == PERMISSION for span in trace.spans):
        return Allowed((), ())
    findings: list[Finding] = []
    rules = [load(code) for code in sorted(available())]
    stale = permissions_for_none(trace, {known for rule in rules for known in (rule.CODE, rule.NAME)})
    for rule in rules:
        found = allowed(
            trace,
            rule.CODE,
            rule.NAME,
            lambda part, rule=rule: rule.check(View(part, limits, sources)),  # type: ignore[misc]
        )
        findings += found.findings
        stale += (
            f"{permission} is not needed: {rule.CODE} finds nothing there" for permission in found.stale
        )
    return Allowed(tuple(findings), tuple(stale))


def _costs_enough(finding: Finding, limits: Limits) -> bool:
    return not limits.min_spent_ms or finding.spent_ns >= limits.min_spent_ms * 1e6


def page(code: str) -> str:
    """The rule's page in Markdown: what, why, wrong and right code, how the saving is predicted."""
    from importlib import resources

    module = importlib.import_module(available()[load(code).CODE]).__name__
    package = module.rpartition(".")[0]
    return (resources.files(package) / "pages" / f"{code.upper()}.md").read_text(encoding="utf-8")


@cache
def _of_other_packages() -> dict[str, str]:
    """Looked up once: reading the metadata of all installed packages costs milliseconds."""
    from importlib import metadata

    return {entry.name: entry.value for entry in metadata.entry_points(group=ENTRY_POINTS)}
