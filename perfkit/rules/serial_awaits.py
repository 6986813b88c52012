"""PK201: being written."""

from __future__ import annotations

from perfkit.model import Finding
from perfkit.rules.view import View

CODE = "PK201"
NAME = "serial-awaits"


def check(view: View) -> list[Finding]:
    """Being written."""
    return []
