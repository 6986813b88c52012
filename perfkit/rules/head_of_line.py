"""PK203: being written."""

from __future__ import annotations

from perfkit.model import Finding
from perfkit.rules.view import View

CODE = "PK203"
NAME = "head-of-line"


def check(view: View) -> list[Finding]:
    """Being written."""
    return []
