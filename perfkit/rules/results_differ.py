"""PK501: a strategy whose answer is not the baseline's.

A faster wrong answer is no improvement, so this comes before every comparison of times. The answers are
compared where strategies run (``compare``); a single trace cannot show it, so ``check`` finds nothing.
"""

from __future__ import annotations

from perfkit.model import Finding, Frame
from perfkit.rules.view import View

CODE = "PK501"
NAME = "results-differ"


def check(view: View) -> list[Finding]:
    """Nothing: a trace holds one strategy's operations, not two answers."""
    return []


def compare(strategy: str, site: Frame | None, answer: str, expected: str, flaw: str = "") -> list[Finding]:
    """A finding if the shown ``answer`` of ``strategy`` is not the ``expected`` one of the baseline."""
    if answer == expected:
        return []
    evidence = [f"answer: {answer}", f"baseline: {expected}"]
    return [
        Finding(
            rule=CODE,
            name=NAME,
            template=strategy,
            count=1,
            spent_ns=0,
            site=site,
            path=(site,) if site else (),
            basis="none: a wrong answer saves nothing",
            evidence=[*evidence, f"known: {flaw}"] if flaw else evidence,
            fix="Make the answer equal to the baseline's before comparing times.",
        )
    ]
