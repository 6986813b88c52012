"""PK301: being written."""

from __future__ import annotations

from perfkit.model import Finding
from perfkit.rules.view import View

CODE = "PK301"
NAME = "in-memory-page"


def check(view: View) -> list[Finding]:
    """Being written."""
    return []
