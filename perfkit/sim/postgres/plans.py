"""The executed plans that auto_explain puts among a session's notices: rows read and written."""

from __future__ import annotations

import json
from typing import Any

SETTINGS = (
    "session_preload_libraries=auto_explain",
    "auto_explain.log_min_duration=0",
    "auto_explain.log_analyze=on",
    "auto_explain.log_timing=off",
    "auto_explain.log_nested_statements=on",
    "auto_explain.log_format=json",
    # sent to the client whatever client_min_messages says, and never written to the server's log
    "auto_explain.log_level=info",
    "auto_explain.log_parameter_max_length=0",
)
"""What a session is started with for its plans to come; ``RESET ALL`` keeps them. Superusers only."""

_FILE = b"Fauto_explain.c\0"
_SOURCES = ("Outer", "Member")  # of a ModifyTable's rows: its other children are subqueries
_SEEN = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")


def is_plan(notice: bytes) -> bool:
    """Whether the body of a NoticeResponse is one of auto_explain's."""
    return _FILE in notice


def rows(notice: bytes) -> tuple[int, int]:
    """Rows (read, written) by the plan in a notice; (0, 0) if it cannot be understood."""
    start = notice.find(b"{")
    end = notice.rfind(b"}")
    try:
        plan = json.loads(notice[start : end + 1].decode(errors="replace"))["Plan"]
    except (ValueError, KeyError):
        return 0, 0
    return _rows(plan)


def _rows(node: dict[str, Any]) -> tuple[int, int]:
    read = written = 0
    children = node.get("Plans", ())
    if node["Node Type"] == "ModifyTable":
        written += sum(_total(c, "Actual Rows") for c in children if c["Parent Relationship"] in _SOURCES)
    elif "Relation Name" in node:
        read += _total(node, *_SEEN)
    for child in children:
        below = _rows(child)
        read, written = read + below[0], written + below[1]
    return read, written


def _total(node: dict[str, Any], *counts: str) -> int:
    """The sum of some counts of a node, which it has per loop; a plan that is only EXPLAINed has none."""
    total: float = sum(node.get(count, 0) for count in counts) * node.get("Actual Loops", 0)
    return round(total)
