"""The metrics of one run of an entry: what its trace, its findings and its world counted.

Operations are counted by template: "query SELECT ...", "request GET shop.test/orders/{id}"; rows and bytes
likewise. Totals have no template. Nothing here depends on the machine.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from perfkit.bench.baselines.document import Entry, Metrics
from perfkit.bench.baselines.places import Paths, place_of, places_of
from perfkit.errors import UnknownNameError
from perfkit.model import Finding, Span, Trace
from perfkit.rules.depth import depth
from perfkit.rules.growth import COUNTED

FINDING = "finding"
FAILED = "failed"
"""The metric of a run that raised: 1."""

AMOUNTS = ("rows", "bytes_sent", "bytes_received", "steps")
"""Attributes of operations that are added up by template, and in all."""

LONGEST_TEMPLATE = 200
"""Characters of a template in a metric's name; what is cut off is told by a hash."""

_OWN_KINDS = frozenset({"span", "wait", "blocked", "allow"})
"""What the application names itself, and what depends on how busy the machine is."""

_LOOPBACK = re.compile(r"(?<![\w.])(127\.0\.0\.1|localhost|\[::1\]):\d+")


def entry_of(
    trace: Trace,
    findings: Sequence[Finding],
    *,
    size: int = 0,
    counters: Mapping[str, int] | None = None,
    calls: Mapping[tuple[str, str], int] | None = None,
    state: str = "cold",
) -> Entry:
    """The entry of one run: ``counters`` are its world's, ``calls`` how often each function was called.

    Virtual time is a metric ("time_ns"); that of the machine's clock is none.
    """
    spans = [span for span in trace.spans if span.kind in COUNTED]
    values = Counter(_of_templates(spans)) + Counter(_of_findings(findings))
    totals = Counter(span.kind for span in spans)
    for amount in AMOUNTS:
        totals[amount] = sum(int(span.attrs.get(amount) or 0) for span in spans)
    world = {name: int(value) for name, value in (counters or {}).items() if name not in _OWN_KINDS}
    figures = {**totals, **world, "depth": depth(trace)}
    if trace.clock == "virtual":
        figures["time_ns"] = trace.duration_ns
    values.update({name: value for name, value in figures.items() if value})
    metrics: Metrics = {metric: {size: value} for metric, value in values.items()}
    entry = Entry(states={state: metrics})
    if state == "cold":
        entry.places = places_of(spans, calls or {})
        entry.paths = _paths(spans)
        entry.findings = costliest((finding_metric(finding), finding) for finding in findings)
    return entry


def costliest(findings: Iterable[tuple[str, Finding]]) -> dict[str, Finding]:
    """By metric the finding that costs most."""
    found: dict[str, Finding] = {}
    for metric, finding in findings:
        known = found.get(metric)
        if known is None or _cost(finding) > _cost(known):
            found[metric] = finding
    return found


def _cost(finding: Finding) -> tuple[int, int, int]:
    return finding.saving_ns or 0, finding.spent_ns, finding.count


def template_of(span: Span) -> str:
    """The operation, as metrics name it: loopback's ports, which are chance, are masked."""
    return plain(span.name.removeprefix(f"{span.kind} "))


def plain(template: str) -> str:
    """A template without chance in it, and not too long.

    >>> plain("GET 127.0.0.1:40321/orders")
    'GET 127.0.0.1:{port}/orders'
    """
    text = " ".join(_LOOPBACK.sub(r"\1:{port}", template).split())
    if len(text) <= LONGEST_TEMPLATE:
        return text
    return f"{text[:LONGEST_TEMPLATE]}... {hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:8]}"


def split(metric: str) -> tuple[str, str]:
    """Its counter and its template.

    >>> split("query SELECT 1"), split("depth")
    (('query', 'SELECT 1'), ('depth', ''))
    """
    counter, _, template = metric.partition(" ")
    return counter, template


def finding_metric(finding: Finding) -> str:
    """The name of a finding's line: rule, template, and the function it is in."""
    place = place_of(finding.site) if finding.site is not None else finding.place
    return f"{FINDING} {finding.rule} {plain(finding.template)} at {place or 'no line'}"


def finding_parts(metric: str) -> tuple[str, str]:
    """Of a finding's line what it is, and the place that it is at."""
    what, _, place = metric.partition(" ")[2].rpartition(" at ")
    return what, place


def finding_of(metric: str) -> Finding:
    """What a finding's line tells of one that is gone: its rule, operation and place, no figures.

    >>> finding_of("finding PK102 GET shop.test/x at shop.py:page").place
    'shop.py:page'
    """
    from perfkit.rules.registry import load  # late: a rule brings what it needs

    what, place = finding_parts(metric)
    code, _, template = what.partition(" ")
    try:
        name = load(code).NAME
    except UnknownNameError:  # of a package that is not installed here
        name = ""
    return Finding(code, name, template, 0, 0, place="" if place == "no line" else place)


def _of_templates(spans: Iterable[Span]) -> Counter[str]:
    values: Counter[str] = Counter()
    for span in spans:
        template = template_of(span)
        values[f"{span.kind} {template}"] += 1
        for amount in AMOUNTS:
            if of_span := int(span.attrs.get(amount) or 0):
                values[f"{amount} {template}"] += of_span
    return values


def _of_findings(findings: Iterable[Finding]) -> Counter[str]:
    return Counter(finding_metric(finding) for finding in findings)


def _paths(spans: Iterable[Span]) -> Paths:
    """The call paths of each operation, once for each time: what most operations share decides."""
    paths: Paths = {}
    for span in spans:
        if span.path:
            paths.setdefault(template_of(span), []).append(span.path)
    return paths
