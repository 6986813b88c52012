"""Blocks in which a rule's findings are meant to stay (``perfkit.allow``): counted, not reported.

A finding is allowed if its operations lie inside such a block. Each rule therefore looks at a trace without
the operations that are allowed for it, and at those alone to learn whether the permission is still needed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from perfkit.model import Finding, Span, Trace

KIND = "allow"


class Allowed(NamedTuple):
    """What was found and is allowed, and the sentence about each permission that nothing needed."""

    findings: tuple[Finding, ...]
    stale: tuple[str, ...]


def without_allowed(trace: Trace, code: str, name: str) -> Trace:
    """The trace without the spans in blocks that allow the rule; the same object if there are none."""
    blocks = _blocks(trace, code, name)
    return _only(trace, lambda span: span.id not in blocks) if blocks else trace


def allowed(trace: Trace, code: str, name: str, check: Callable[[Trace], list[Finding]]) -> Allowed:
    """What the rule finds in the blocks that allow it, and which of those blocks it finds nothing in."""
    blocks = _blocks(trace, code, name)
    findings, needed = [], set[int]()
    if blocks:
        findings = check(_only(trace, lambda span: span.id in blocks))
        needed = {
            blocks[span_id] for finding in findings for span_id in finding.span_ids if span_id in blocks
        }
    permissions = [span for span in trace.spans if _permits(span, code, name)]
    needed_texts = {_permission(span) for span in permissions if span.id in needed}
    stale = dict.fromkeys(_permission(span) for span in permissions if span.id not in needed)
    return Allowed(tuple(findings), tuple(text for text in stale if text not in needed_texts))


def permissions_for_none(trace: Trace, known: set[str]) -> list[str]:
    """A sentence about each permission for a rule that does not exist."""
    names = {name.lower() for name in known}
    unknown = (
        span for span in trace.spans if span.kind == KIND and str(span.attrs.get("rule")).lower() not in names
    )
    return list(dict.fromkeys(f"{_permission(span)}: there is no such rule" for span in unknown))


def _permits(span: Span, code: str, name: str) -> bool:
    return span.kind == KIND and str(span.attrs.get("rule", "")).lower() in (code.lower(), name.lower())


def _permission(span: Span) -> str:
    place = f" at {span.site}" if span.site else ""
    return f"allow({span.attrs.get('rule')!r}, reason={span.attrs.get('reason')!r}){place}"


def _blocks(trace: Trace, code: str, name: str) -> dict[int, int]:
    """Number of each span inside a permission to that of the permission."""
    # parents come before their children
    inside: dict[int, int] = {}
    for span in trace.spans:
        if _permits(span, code, name):
            inside[span.id] = span.id
        elif span.parent in inside:
            inside[span.id] = inside[span.parent]
    return inside


def _only(trace: Trace, wanted: Callable[[Span], bool]) -> Trace:
    return replace(trace, spans=[span for span in trace.spans if wanted(span)])
