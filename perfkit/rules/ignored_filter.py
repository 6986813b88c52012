"""PK302: being written."""

from __future__ import annotations

from perfkit.model import Finding
from perfkit.rules.view import View

CODE = "PK302"
NAME = "ignored-filter"


def check(view: View) -> list[Finding]:
    """Being written."""
    return []
