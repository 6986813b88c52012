"""PK203: a batch that waits for the answer to a batch on which it does not depend.

Batch requests of one place and task, each sent when the one before was answered, in a loop that takes nothing
from one round into the next (``dependencies``). Their commands may change things: which of those must stay in
order is not seen, so the fix says what to take care of. A worker that waits between batches for something to
do waits for no batch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator

from perfkit.model import Finding, Span, peak_overlap
from perfkit.rules.activations import outermost_first
from perfkit.rules.dependencies import Dependencies
from perfkit.rules.duplicate_request import _READS
from perfkit.rules.findings import about
from perfkit.rules.loops import is_answered
from perfkit.rules.overlapping import together
from perfkit.rules.savings import SAFE_CONCURRENCY, text
from perfkit.rules.view import View, by_cost, has_between

CODE = "PK203"
NAME = "head-of-line"


def check(view: View) -> list[Finding]:
    """One finding per place that sends batch after batch, the costliest first."""
    places = _places(view)
    if not places:
        return []
    dependencies = Dependencies(view.sources)
    waits: dict[int, list[int]] = defaultdict(list)
    for span in view.trace.spans:
        if span.kind == "wait":
            waits[span.task].append(span.start_ns)
    findings = []
    for spans in places:
        runs = [run for run in _runs(spans, waits[spans[0].task]) if len(run) >= view.limits.min_batches]
        if runs and _is_free(spans[0], view, dependencies):
            findings += _findings(view, runs)
    return by_cost(findings)


def _places(view: View) -> list[list[Span]]:
    """Batches of each task by scope, host and call path, but for places where several tasks send at once."""
    found: dict[Hashable, list[Span]] = defaultdict(list)
    for span in view.requests:
        attrs = span.attrs
        if attrs.get("batch") and span.task and span.path and is_answered(span) and not attrs.get("retry"):
            found[view.places.scope(span), attrs.get("host"), attrs.get("template"), span.path].append(span)
    needed = view.limits.min_batches
    serial = (spans for spans in found.values() if len(spans) >= needed and peak_overlap(spans) <= 1)
    return [tasks for spans in serial for tasks in _by_task(spans) if len(tasks) >= needed]


def _by_task(spans: list[Span]) -> Iterable[list[Span]]:
    tasks: dict[int, list[Span]] = defaultdict(list)
    for span in spans:
        tasks[span.task].append(span)
    return tasks.values()


def _runs(spans: list[Span], waits: list[int]) -> Iterator[list[Span]]:
    """Batches one after another, without a pause between them that something else is waited for in."""
    run: list[Span] = []
    for span in spans:
        if run and (span.start_ns < run[-1].end_ns or has_between(waits, run[-1].end_ns - 1, span.start_ns)):
            yield run
            run = []
        run.append(span)
    yield run


def _is_free(span: Span, view: View, dependencies: Dependencies) -> bool:
    """Whether the source shows that the loops on the way here take nothing from one round into the next.

    But for loops that try the same batch again: those made no other batch.
    """
    path = outermost_first(span.path)
    if not dependencies.is_awaited(path[-1]):
        return False
    free = 0
    for place, frame in enumerate(path):
        calls = {frame.line: path[place + 1 :]}
        for loop in dependencies.rounds(frame):
            if dependencies.is_free(loop, frame, calls, pauses=True):
                free += 1
            elif not dependencies.asks_the_same(loop, calls):
                return False
    return free > 0


def _findings(view: View, runs: list[list[Span]]) -> list[Finding]:
    savings = [together([[span] for span in run], view) for run in runs]
    saving = sum(one.saving_ns or 0 for one in savings)
    if not saving:
        return []
    first, spans = runs[0][0], [span for run in runs for span in run]
    longest = max(runs, key=lambda run: run[-1].start_ns - run[0].start_ns)
    queued = longest[-1].start_ns - longest[0].start_ns
    commands = sum(int(span.attrs["batch"]) for span in spans)
    more = f"; {len(runs)} times, {text(saving)} in all" if len(runs) > 1 else ""
    return [
        about(
            view,
            spans,
            (CODE, NAME),
            template=first.name,
            saving_ns=saving,
            basis=savings[0].basis + more,
            evidence=[
                f"{len(spans)} batches with {commands} commands, each sent when the one before was answered",
                f"the last of {len(longest)} waited {text(queued)} until it was sent",
                "the loop uses nothing of one answer in the next batch",
            ],
            fix=_fix(spans),
        )
    ]


def _fix(spans: list[Span]) -> str:
    fix = (
        f"Send up to {SAFE_CONCURRENCY} of these batches at a time "
        "(asyncio.gather or an asyncio.TaskGroup, behind an asyncio.Semaphore)"
    )
    if all(_only_reads(span) for span in spans):
        return f"{fix}."
    return (
        f"{fix}; keep commands about the same item in order: all of them in one batch, "
        "or those of one item sent only after its earlier ones were answered."
    )


def _only_reads(span: Span) -> bool:
    """Whether all commands of a batch read, as far as their names tell."""
    body = str(span.attrs.get("body", ""))
    names = body.removeprefix("batch(").removesuffix(")").split(",")
    return body.startswith("batch(") and all(_READS.search(name) for name in names)
