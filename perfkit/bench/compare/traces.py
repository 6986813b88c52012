"""Two recordings of ``perfkit run``, or two files of traces: what is asked of others, and what rules find.

Counters have no noise; the times of one run each have too much to compare, unless both are virtual.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from perfkit.bench.compare.compared import RANK, Compared
from perfkit.bench.compare.operations import Key, Operation, operations_of, totals
from perfkit.bench.tuning.words import shown
from perfkit.model import Change, Difference, Finding, Run, Trace, unpack

ONE_RUN_EACH = (
    "One run each: times are not compared. perfkit gate --base measures two revisions side by side."
)
_WORDS = {"query": "queries", "request": "requests", "connect": "connections", "transaction": "transactions"}


def compare_traces(base: Run, head: Run) -> Compared:
    """All that differs between two recordings; a note where their times are not compared."""
    found = Compared()
    entry, was = _entry(head), _entry(base)
    if entry != was and head.imported is None:
        found.notes.append(f"Not the same command: base {was or 'not told'}, head {entry or 'not told'}.")
    found.problems += [*_cut("base", base), *_cut("head", head)]
    if base.trace is not None and head.trace is not None:
        before, after = unpack(base.trace), unpack(head.trace)
        _operations(operations_of(before), operations_of(after), entry, found)
        _time(before, after, entry, found)
    found.differences += compare_findings(base.findings, head.findings, entry)
    found.lines += len({finding.identity for finding in [*base.findings, *head.findings]})
    found.differences.sort(key=lambda one: (RANK.index(one.change), one.metric == "time_ns"))
    return found


def _entry(run: Run) -> str:
    """What was recorded: the program, or the file of its traces."""
    return run.imported.source if run.imported is not None else " ".join(run.command[2:])


def _cut(side: str, run: Run) -> Iterator[str]:
    if run.interrupted:
        yield f"{side} was cut off before its end: not all of it could be compared"
    if run.trace is not None and run.trace.dropped:
        yield f"{side} left out {run.trace.dropped:,} spans: not all of it could be compared"


def _operations(
    before: dict[Key, Operation], after: dict[Key, Operation], entry: str, found: Compared
) -> None:
    """Totals of each kind, of which more is worse, then templates: a new one may stand for an old one."""
    counts = totals(before), totals(after)
    for kind, word in _WORDS.items():
        was, now = (side[kind] for side in counts)
        found.lines += bool(was or now)
        if was != now:
            says = f"{now - was:+,} {word}: {was:,} -> {now:,}"
            found.differences.append(
                Difference("", entry, _more(was, now), kind, before=was, after=now, says=says)
            )
    none = Operation()
    for key in sorted({*before, *after}):
        found.lines += 1
        made = of_template(key, before.get(key, none), after.get(key, none), entry)
        found.differences += [made] if made is not None else []


def of_template(key: Key, before: Operation, after: Operation, entry: str) -> Difference | None:
    """The difference of one template, with the line that sends it; None where there is none."""
    if before.count == after.count:
        return None
    change = _more(before.count, after.count)
    if not before.count or not after.count:
        change = Change.NEW if after.count else Change.VANISHED
    kind, template = key
    site = after.site or before.site
    at = f" at {site}" if site is not None else ""
    return Difference(
        "",
        entry,
        change,
        kind,
        template=template,
        before=before.count,
        after=after.count,
        site=site,
        says=f"{after.count - before.count:+,} {template}{at}: {before.count:,} -> {after.count:,}",
    )


def _more(before: int, after: int) -> Change:
    return Change.WORSE if after > before else Change.BETTER


def _time(before: Trace, after: Trace, entry: str, found: Compared) -> None:
    """That of virtual clocks, which is exact."""
    if not before.clock == after.clock == "virtual":
        found.notes.append(ONE_RUN_EACH)
        return
    found.lines += 1
    was, now = before.duration_ns, after.duration_ns
    if was != now:
        says = f"virtual time: {shown('_ns', was)} -> {shown('_ns', now)}"
        found.differences.append(
            Difference("", entry, _more(was, now), "time_ns", before=was, after=now, says=says)
        )


def compare_findings(
    base: Iterable[Finding], head: Iterable[Finding], entry: str = ""
) -> Iterator[Difference]:
    """Findings that are new or gone, by identity."""
    before = {finding.identity: finding for finding in base}
    after = {finding.identity: finding for finding in head}
    for side, other, change in ((after, before, Change.WORSE), (before, after, Change.BETTER)):
        for identity, finding in side.items():
            if identity not in other:
                yield of_finding(finding, change, entry=entry)


def of_finding(finding: Finding, change: Change, *, entry: str = "") -> Difference:
    """A finding that is new (``change`` is WORSE) or gone."""
    word = "new" if change is Change.WORSE else "gone"
    place = f" at {finding.site}" if finding.site else f" under {finding.place}" if finding.place else ""
    before, after = (0, finding.count) if change is Change.WORSE else (finding.count, 0)
    return Difference(
        "",
        entry,
        change,
        "finding",
        template=finding.template,
        before=before,
        after=after,
        site=finding.site,
        says=f"{word}: {finding.rule} {finding.name}{place}: {finding.template}",
        finding=finding,
    )
