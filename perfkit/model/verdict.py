"""The four verdicts, and the one value that headline, table and exit code are made from."""

from __future__ import annotations

import enum


class Verdict(enum.Enum):
    """What a comparison came to."""

    REGRESSED = "regressed"
    IMPROVED = "improved"
    NO_CHANGE = "no change"
    INCONCLUSIVE = "inconclusive"


class Outcome(enum.Enum):
    """What a run came to: PASS when every strategy that claims to be right answered, and answered alike."""

    PASS = "pass"  # noqa: S105 - not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"

    @property
    def exit_code(self) -> int:
        """0 pass, 1 fail, 3 inconclusive."""
        return {Outcome.PASS: 0, Outcome.FAIL: 1, Outcome.INCONCLUSIVE: 3}[self]
