"""PK303: being written."""

from __future__ import annotations

from perfkit.model import Finding
from perfkit.rules.view import View

CODE = "PK303"
NAME = "full-scan"


def check(view: View) -> list[Finding]:
    """Being written."""
    return []
