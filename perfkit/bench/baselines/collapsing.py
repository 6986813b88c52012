"""One cause, one sentence: what follows from another difference is told beneath it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from msgspec.structs import replace

from perfkit.bench.baselines.metrics import FAILED, FINDING, plain
from perfkit.bench.baselines.wording import amount
from perfkit.model import Change, Difference
from perfkit.rules.growth import COUNTED

_CAUSES = (FAILED, *COUNTED)
"""Counters that are nobody's consequence, if they have a template."""

_APART = ("bytecodes", "peak_bytes")
"""What the application computes may change beside what it asks for."""

_ORDER = ("rows", "steps", "bytes_sent", "bytes_received", "depth", "time_ns", *_APART)
_SHOWN = 4
"""Consequences that a sentence names."""


def collapsed(differences: Sequence[Difference]) -> list[Difference]:
    """The causes among the differences of one entry and state, with their consequences in their sentences.

    What became better where its cause became worse, or the other way about, stands for itself.
    """
    causes = [d for d in differences if d.metric in _CAUSES and (d.template or d.metric == FAILED)]
    causes = [d for d in causes if d.metric != "connect"] or causes  # it is opened for something
    findings = [d for d in differences if d.metric == FINDING]
    others = sorted((d for d in differences if d not in causes and d not in findings), key=_rank)
    leads = causes or findings
    if leads:
        return _with_consequences(leads, [d for d in [*findings, *others] if d not in leads])
    together = [d for d in others if d.metric not in _APART]
    apart = [d for d in others if d.metric in _APART]
    return _with_consequences(together[:1] or apart[:1], [*together[1:], *(apart if together else apart[1:])])


def _with_consequences(leads: list[Difference], rest: list[Difference]) -> list[Difference]:
    directions = {_direction(lead) for lead in leads}
    beneath = [d for d in rest if _direction(d) in directions]
    against = [d for d in rest if _direction(d) not in directions]
    if beneath:
        at = next((n for n, lead in enumerate(leads) if lead.metric != FAILED), 0)
        leads[at] = _with(leads[at], f"with it {_listed([amount(d) for d in beneath])}")
    leads = [_with_finding(lead, beneath) for lead in leads]
    return [*leads, *(collapsed(against) if leads and against else against)]


def _with_finding(lead: Difference, beneath: list[Difference]) -> Difference:
    """A cause with the finding about its operation, which says how to mend it."""
    of = [d.finding for d in beneath if d.finding is not None and plain(d.finding.template) == lead.template]
    return replace(lead, finding=of[0]) if of and lead.finding is None else lead


def of_several_worlds(differences: Sequence[Difference]) -> list[Difference]:
    """What happened alike to a strategy in several worlds is told once."""
    groups: dict[tuple[object, ...], list[Difference]] = defaultdict(list)
    for d in differences:
        strategy = d.entry.partition("/")[2] or d.entry
        groups[(strategy, d.change, d.metric, d.template, d.state, d.size, d.before, d.after, d.site)].append(
            d
        )
    found = []
    for group in groups.values():
        others = [d.entry for d in group[1:]]
        found.append(_with(group[0], f"also {_listed(others)}") if others else group[0])
    return found


def _with(difference: Difference, more: str) -> Difference:
    """The sentence with something put before its advice."""
    said, _, advice = difference.says.rpartition("; ")
    return replace(difference, says=f"{said}; {more}; {advice}" if said else f"{advice}; {more}")


def _listed(items: list[str]) -> str:
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return ", ".join(items[:_SHOWN]) + more


def _rank(difference: Difference) -> tuple[int, bool, str]:
    known = _ORDER.index(difference.metric) if difference.metric in _ORDER else 0
    return known, not difference.template, difference.template


def _direction(difference: Difference) -> bool:
    if difference.change in (Change.WORSE, Change.NEW):
        return True
    return difference.change not in (Change.BETTER, Change.VANISHED)
