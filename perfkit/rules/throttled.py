"""PK402: being written."""

from __future__ import annotations

from perfkit.model import Finding
from perfkit.rules.view import View

CODE = "PK402"
NAME = "throttled"


def check(view: View) -> list[Finding]:
    """Being written."""
    return []
