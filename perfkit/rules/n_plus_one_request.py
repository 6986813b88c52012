"""PK102: one HTTP call per item, from one place, where one call could ask for many.

Requests belong together when host, method, URL template, body template and call path are equal. They are an
N+1 when their parameters differ; equal parameters are duplicates, and pages, batches and lists cut into
chunks are the cure rather than the illness.
"""

from __future__ import annotations

from collections import defaultdict

from perfkit.model import Finding, HostFacts, Span, Trace, busy_ns, peak_overlap
from perfkit.rules.savings import Saving, predict
from perfkit.rules.sites import site_of

CODE = "PK102"
NAME = "n-plus-one-request"

MIN_COUNT = 3
"""Fewer calls than this are not called a loop."""

PAGE_PARAMETERS = frozenset(
    {"after", "before", "continuation", "cursor", "from", "limit", "next", "offset", "page", "page_size"}
    | {"page_token", "pagetoken", "per_page", "since", "skip", "start", "starting_after", "token", "until"}
)
"""Last part of a parameter's name, in lower case, that says where in a listing a call starts."""

KEYSET_MARKS = (">", "<")
"""A filter such as ``>ID`` moves through a listing by its key."""

REFUSED = frozenset({429, 503})
"""Statuses that say "later": the call was not answered, so it is no call of the loop."""

Key = tuple[object, ...]


def check(trace: Trace) -> list[Finding]:
    """One finding per place that calls in a loop, the costliest first."""
    requests = [span for span in trace.of_kind("request") if span.end_ns >= 0]
    groups: dict[Key, list[Span]] = defaultdict(list)
    for span in requests:
        if not span.attrs.get("batch"):
            groups[_key(span)].append(span)
    findings = [
        _finding(trace, group, requests)
        for group in groups.values()
        if len(_answered(group)) >= MIN_COUNT and _is_loop(_answered(group))
    ]
    return sorted(findings, key=lambda finding: -finding.spent_ns)


def _key(span: Span) -> Key:
    attrs = span.attrs
    return (attrs.get("host"), attrs.get("method"), attrs.get("template"), attrs.get("body"), span.path)


def _answered(spans: list[Span]) -> list[Span]:
    return [span for span in spans if span.attrs.get("status") not in REFUSED]


def _is_loop(spans: list[Span]) -> bool:
    """Whether enough different parameters were asked for, other than pages or chunks of a list."""
    distinct = {tuple(sorted(span.attrs.get("params", {}).items())) for span in spans}
    varying = varying_parameters(spans)
    if len(distinct) < MIN_COUNT or not varying:
        return False
    return not all(_is_page(name) for name in varying) and not _is_chunked(spans, varying)


def varying_parameters(spans: list[Span]) -> list[str]:
    """Names of the parameters that did not have the same value in all of ``spans``."""
    seen: dict[str, set[str | None]] = defaultdict(set)
    names = {name for span in spans for name in span.attrs.get("params", {})}
    for span in spans:
        params = span.attrs.get("params", {})
        for name in names:
            seen[name].add(params.get(name))
    return sorted(name for name, values in seen.items() if len(values) > 1)


def _is_page(name: str) -> bool:
    last = name.rpartition(".")[2].lstrip("?").lower()
    return (
        last in PAGE_PARAMETERS
        or last.startswith(KEYSET_MARKS)
        or last.rstrip("]").endswith(("[>id", "[<id"))
    )


def _is_chunked(spans: list[Span], varying: list[str]) -> bool:
    """Whether what varies are lists: many values were asked for in each call already."""
    return all(
        any(int(span.attrs["params"].get(name, "").partition("*")[2] or 0) > 1 for span in spans)
        for name in varying
        if not _is_page(name)
    )


def _finding(trace: Trace, group: list[Span], requests: list[Span]) -> Finding:
    spans = _answered(group)
    first = spans[0]
    members = {id(span) for span in group}
    others = [span for span in requests if id(span) not in members]
    facts = trace.facts(str(first.attrs.get("host", "")))
    saving = predict(spans, others, trace.of_kind("connect"), facts)
    refused = len(group) - len(spans)
    return Finding(
        rule=CODE,
        name=NAME,
        template=f"{first.name} {first.attrs.get('body', '')}".strip(),
        count=len(spans),
        spent_ns=busy_ns(spans),
        site=site_of(first.path, [span for span in others if span.name != first.name]),
        path=first.path,
        saving_ns=saving.saving_ns,
        basis=saving.basis,
        evidence=_evidence(spans, refused),
        fix=_fix(spans, facts, saving),
        span_ids=[span.id for span in spans],
    )


def _evidence(spans: list[Span], refused: int) -> list[str]:
    distinct = {tuple(sorted(span.attrs.get("params", {}).items())) for span in spans}
    overlap = peak_overlap(spans)
    names = ", ".join(varying_parameters(spans)[:3])
    facts = [
        f"{len(spans)} calls with {len(distinct)} different values of {names}",
        "one after another" if overlap <= 1 else f"up to {overlap} at once",
    ]
    if refused:
        facts.append(f"{refused} more refused with 429 or 503")
    return facts


def _fix(spans: list[Span], facts: HostFacts, saving: Saving) -> str:
    """What to do, naming nothing but what was seen."""
    varying = varying_parameters(spans)[0]
    name = varying.lstrip("?") if varying != "path" else "the id in the path"
    if saving.batch_size:
        call = spans[0].attrs.get("rpc") or spans[0].name
        return (
            f"Send up to {saving.batch_size} of these calls ({call}) in one batch request; "
            f"or ask once with a list for {name}, and page through the answer."
        )
    if peak_overlap(spans) > 1:
        return f"Ask once for all of them, with a list for {name}, if the service has such a call."
    return (
        f"Ask once for all of them, with a list for {name}, if the service has such a call; "
        f"or run up to {saving.concurrency} at a time (asyncio.gather behind a semaphore)."
    )
