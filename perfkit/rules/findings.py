"""A rule's finding about some spans: what is said the same way of all of them."""

from __future__ import annotations

from types import EllipsisType

from perfkit.model import Finding, Frame, Span, busy_ns
from perfkit.rules.view import View


def about(
    view: View,
    spans: list[Span],
    rule: tuple[str, str],
    *,
    template: str,
    evidence: list[str],
    fix: str,
    saving_ns: int | None = None,
    basis: str,
    count: int | None = None,
    spent_ns: int | None = None,
    site: Frame | EllipsisType | None = ...,
) -> Finding:
    """The finding of ``rule``, a code and a name, about ``spans``; the first of them says where.

    ``count`` is how many there are, ``spent_ns`` how long at least one of them was under way, and ``site``
    the line that a person would edit, unless the rule knows better.
    """
    first = spans[0]
    return Finding(
        *rule,
        template,
        len(spans) if count is None else count,
        busy_ns(spans) if spent_ns is None else spent_ns,
        view.site(first) if isinstance(site, EllipsisType) else site,
        first.path,
        saving_ns,
        basis,
        evidence,
        fix,
        [span.id for span in spans],
        view.place(first),
    )
