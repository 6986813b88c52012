"""PK403: being written."""

from __future__ import annotations

from perfkit.model import Finding
from perfkit.rules.view import View

CODE = "PK403"
NAME = "slow-serialisation"


def check(view: View) -> list[Finding]:
    """Being written."""
    return []
