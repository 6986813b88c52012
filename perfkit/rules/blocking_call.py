"""PK202: being written."""

from __future__ import annotations

from perfkit.model import Finding
from perfkit.rules.view import View

CODE = "PK202"
NAME = "blocking-call"


def check(view: View) -> list[Finding]:
    """Being written."""
    return []
