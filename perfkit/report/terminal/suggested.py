"""Suggestions on a terminal, or as JSON for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from perfkit.report import units
from perfkit.report.terminal.console import Writer

if TYPE_CHECKING:
    from rich.console import Console

    from perfkit.bench.tuning.suggest.case import Suggestions

MOST = 12
"""Shown on a terminal; JSON has all."""


def show(found: Suggestions, console: Console) -> None:
    """What to do, why, and the figures; and what was looked at. Raises MissingExtraError without rich."""
    out = Writer(console)
    if not found.advice:
        out.line("Nothing to suggest.", "bold green")
    for number, advice in enumerate(found.advice[:MOST], 1):
        worth = f" [{units.seconds(advice.worth_ns)}]" if advice.worth_ns else ""
        out.line(f"{units.clean(advice.what, 400)}{worth}", "bold", label=f"{number}. ")
        out.line(units.clean(f"{advice.where}: {advice.why}", 500), indent=3)
        if advice.figures:
            out.line(units.clean("; ".join(advice.figures), 500), indent=3)
    if len(found.advice) > MOST:
        out.line(f"{len(found.advice) - MOST} more, which are worth less, are in -f json.")
    out.line()
    cases = ", ".join(found.cases[:3]) + (f" and {len(found.cases) - 3} more" if len(found.cases) > 3 else "")
    out.line(units.clean(f"Looked at {cases or 'nothing'}: {'; '.join(found.looked_at)}.", 1000))


def as_json(found: Suggestions) -> str:
    """The same as one JSON document."""
    return msgspec.json.format(msgspec.json.encode(found), indent=1).decode()
