"""Which rules there are, and running them over a trace.

A rule is a module with ``CODE``, ``NAME`` and ``check(trace) -> list[Finding]``, and a page of the same code
under pages/. Another package adds one through the entry point group ``perfkit.rules``.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import Protocol

from perfkit.errors import UnknownNameError
from perfkit.model import Finding, Trace
from perfkit.rules.allowed import Allowed, allowed, permissions_for_none, without_allowed

BUILT_IN = {
    "PK102": "perfkit.rules.n_plus_one_request",
    "PK501": "perfkit.rules.results_differ",
}
"""Code of each rule and its module. Adding one is one file, one page and one line here."""

ENTRY_POINTS = "perfkit.rules"


class Rule(Protocol):
    """What a rule's module offers."""

    CODE: str
    NAME: str

    def check(self, trace: Trace) -> list[Finding]:
        """The findings in one trace, the costliest first; must not change the trace."""


def available() -> dict[str, str]:
    """Code of each rule to the module that holds it, built-in ones and those of other packages."""
    return {**_of_other_packages(), **BUILT_IN}


def load(code: str) -> Rule:
    """The rule of that code, in any case. Raises UnknownNameError with the nearest ones."""
    known = available()
    if code.upper() not in known:
        raise UnknownNameError("rule", code, known)
    return importlib.import_module(known[code.upper()])


def check(trace: Trace) -> list[Finding]:
    """What all rules find in ``trace``, the costliest first; without what ``perfkit.allow`` permits."""
    findings = []
    for rule in map(load, sorted(available())):
        findings += rule.check(without_allowed(trace, rule.CODE, rule.NAME))
    return sorted(findings, key=lambda f: (-(f.saving_ns or 0), -f.spent_ns, f.rule, f.template))


def check_allowed(trace: Trace) -> Allowed:
    """What ``perfkit.allow`` permitted, and the permissions that no finding needed or no rule knows."""
    findings: list[Finding] = []
    rules = [load(code) for code in sorted(available())]
    stale = permissions_for_none(trace, {known for rule in rules for known in (rule.CODE, rule.NAME)})
    for rule in rules:
        found = allowed(trace, rule.CODE, rule.NAME, rule.check)
        findings += found.findings
        stale += (
            f"{permission} is not needed: {rule.CODE} finds nothing there" for permission in found.stale
        )
    return Allowed(tuple(findings), tuple(stale))


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
