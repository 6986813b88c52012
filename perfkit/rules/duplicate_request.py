"""PK104: the same HTTP request with the same parameters again, from one place: keep the answer.

Only for what reads: GET, HEAD, OPTIONS, and calls whose method's or GraphQL operation's name says so. Not so:
polling, requests tried again or asked again after a write, and answers that only say "not modified".
"""

from __future__ import annotations

import re

from perfkit.model import Finding
from perfkit.rules.findings import about
from perfkit.rules.loops import Loop, regardless_of_place
from perfkit.rules.query_savings import without_repeats
from perfkit.rules.repeats import enough, is_polling, is_sent_between
from perfkit.rules.view import View, by_cost

CODE = "PK104"
NAME = "duplicate-request"

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that ask and change nothing (RFC 9110, section 9.2.1)."""

NOT_MODIFIED = 304
PARTIAL = 206
"""A part of a file, by its range."""

_READS = re.compile(r"(?:^|[._/])(?:get|list|find|fetch|search|query|read|count|fields|current)[a-z]*$", re.I)
"""Last part of a call's name that reads."""

_WRITES = re.compile(
    r"^(?:mutation|subscription)|add|create|insert|update|delete|remove|set|save|send|post|upload|upsert|put",
    re.IGNORECASE,
)
"""An operation's name in GraphQL that may write."""


def check(view: View) -> list[Finding]:
    """One finding per place that asks for the same again, the costliest first."""
    return by_cost(
        [_finding(view, loop) for loop in regardless_of_place(view.request_loops) if is_duplicate(loop, view)]
    )


def is_duplicate(loop: Loop, view: View) -> bool:
    """Whether a loop asks for the same thing often enough, and for no good reason."""
    asked = [span for span in loop.spans if span.attrs.get("status", 0) < 500 and span.error is None]
    return (
        len(asked) >= enough(loop, view)
        and reads(loop)
        and loop.distinct < view.limits.min_calls
        and len(asked) - loop.distinct >= view.limits.min_duplicates - 1
        and not any(span.attrs.get("status") in (NOT_MODIFIED, PARTIAL) for span in asked)
        and not is_sent_between(loop, view)
        and not is_polling(loop, view)
    )


def reads(loop: Loop) -> bool:
    """Whether the calls ask for something and change nothing."""
    attrs = loop.first.attrs
    if str(attrs.get("method", "")).upper() in SAFE:
        return True
    name = str(attrs.get("rpc", ""))
    if "query" in attrs.get("params", {}):  # GraphQL
        return bool(name) and not _WRITES.search(name)
    return bool(_READS.search(name))


def _finding(view: View, loop: Loop) -> Finding:
    spans, first, distinct = loop.spans, loop.first, loop.distinct
    saving = without_repeats(spans, distinct)
    answers = "answer" if distinct == 1 else f"{distinct} answers"
    return about(
        view,
        spans,
        (CODE, NAME),
        template=f"{first.name} {first.attrs.get('body', '')}".strip(),
        saving_ns=saving.saving_ns,
        basis=saving.basis,
        evidence=[
            f"{len(spans)} equal requests"
            if distinct == 1
            else f"{len(spans)} requests, {distinct} different"
        ],
        fix=f"Keep the {answers}: ask before the loop, or keep it for as long as it may be old.",
    )
