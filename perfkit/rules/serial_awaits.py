"""PK201: independent calls one after another in a coroutine, which could all be under way at once.

A trace shows that calls did not overlap; that they could is read in the program's source: no later await uses
what an earlier one brought (``dependencies``). Only calls that read count, and queries on one connection
never. What is called again and again from one place is a loop, of which other rules speak. Traces without
call paths are ``consecutive``'s.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable
from itertools import pairwise

from perfkit.model import Finding, Span, busy_ns
from perfkit.rules.activations import Call, Groups, Serial, Steps
from perfkit.rules.consecutive import consecutive
from perfkit.rules.dependencies import Dependencies
from perfkit.rules.duplicate_request import reads
from perfkit.rules.loops import WRITES, Loop, statement_of
from perfkit.rules.overlapping import SHOWN, listed, together
from perfkit.rules.savings import SAFE_CONCURRENCY, text
from perfkit.rules.view import View, by_cost, has_between

CODE = "PK201"
NAME = "serial-awaits"

_READING = frozenset({"SELECT", "VALUES", "TABLE", "SHOW"})
_LOCKING = re.compile(r"\bFOR (?:NO KEY |KEY )?(?:UPDATE|SHARE)\b")

TaskKey = tuple[int, int]
"""Scope and task."""


def check(view: View) -> list[Finding]:
    """One finding per place whose calls could overlap, the costliest first."""
    imported = (_imported(view, run) for run in consecutive(view))
    return by_cost([*_live(view), *(finding for finding in imported if finding is not None)])


def _live(view: View) -> list[Finding]:
    tasks = _single_calls(view)
    if not tasks:
        return []
    needed = view.limits.min_serial
    dependencies = Dependencies(view.sources, _reading_lines(view))
    found = Groups(dependencies, needed)
    between = _happenings(view, {task for _, task in tasks})
    places: dict[Hashable, list[Serial]] = defaultdict(list)
    for (_, task), spans in tasks.items():
        for group in found.of(_in_parts(spans, between[task], found, dependencies)):
            apart = group._replace(steps=_on_own_connections(group.steps))
            if len(apart.steps) >= needed:
                places[group.frame.file, group.frame.function, apart.lines].append(apart)
    findings = (_finding(view, groups) for groups in places.values() if not _is_shared(groups))
    return [finding for finding in findings if finding is not None]


def _is_shared(groups: list[Serial]) -> bool:
    """Whether several tasks go through the same loop at once: then it is bounded, and not serial."""
    if not groups[0].loop:
        return False
    times = sorted((group.steps[0][0].span.start_ns, group.steps[-1][-1].span.end_ns) for group in groups)
    return any(start < end for (_, end), (start, _) in pairwise(times))


def _single_calls(view: View) -> dict[TaskKey, list[Span]]:
    """The calls that only read and are part of no loop, by scope and task, where there are enough."""
    tasks: dict[TaskKey, list[Span]] = defaultdict(list)
    for loop in (*view.request_loops, *view.query_loops):
        if len(loop.spans) < view.needed(loop) and loop.placed and _only_reads(loop):
            for span in loop.spans:
                if span.task and not span.attrs.get("retry") and not span.attrs.get("transaction"):
                    tasks[loop.scope, span.task].append(span)
    enough = view.limits.min_serial
    return {key: sorted(spans, key=_start) for key, spans in tasks.items() if len(spans) >= enough}


def _only_reads(loop: Loop) -> bool:
    if loop.first.kind == "request":
        return reads(loop)
    return loop.statement.verb in _READING and not _LOCKING.search(loop.template)


def _start(span: Span) -> int:
    return span.start_ns


def _reading_lines(view: View) -> frozenset[tuple[str, int]]:
    """The lines of all paths to operations that only read."""
    loops = (loop for loop in (*view.request_loops, *view.query_loops) if _only_reads(loop))
    return frozenset((frame.file, frame.line) for loop in loops for frame in loop.first.path)


def _happenings(view: View, tasks: set[int]) -> dict[int, list[int]]:
    """When each of the tasks wrote something or waited for something else: no call is moved across that."""
    times: dict[int, list[int]] = defaultdict(list)
    for span in view.trace.spans:
        if span.task in tasks and (
            span.kind == "wait" or (span.kind == "request" and span.attrs.get("batch"))
        ):
            times[span.task].append(span.start_ns)
    for span in view.queries:
        if span.task in tasks and statement_of(span).verb in WRITES:
            times[span.task].append(span.start_ns)
    for loop in view.request_loops:
        if not reads(loop):
            for span in (*loop.spans, *loop.left_out):
                times[span.task].append(span.start_ns)
    for found in times.values():
        found.sort()
    return times


def _in_parts(
    spans: list[Span], happenings: list[int], found: Groups, dependencies: Dependencies
) -> list[Call]:
    """The calls of one task, with the part of it that each lies in."""
    calls, part, end = list[Call](), 0, 0
    for span in spans:
        if span.start_ns < end or has_between(happenings, end - 1, span.start_ns):
            part += 1
        end = max(end, span.end_ns)
        if dependencies.is_awaited(span.path[0]):
            calls.append(found.call(span, part))
    return calls


def _on_own_connections(steps: Steps) -> Steps:
    """The steps without those that would need a connection which an earlier one uses."""
    kept, used = [], set[Hashable]()
    for step in steps:
        connections = {
            (attrs.get("system"), attrs.get("host"), attrs.get("connection"))
            for attrs in (call.span.attrs for call in step if call.span.kind == "query")
        }
        if not connections & used:
            used |= connections
            kept.append(step)
    return kept


def _finding(view: View, groups: list[Serial]) -> Finding | None:
    """About one place, which may have run more than once."""
    savings = [together([[call.span for call in step] for step in group.steps], view) for group in groups]
    saving = sum(one.saving_ns or 0 for one in savings)
    if not saving:
        return None
    first = groups[0]
    spans = [call.span for group in groups for step in group.steps for call in step]
    lines = ", ".join(map(str, first.lines[:SHOWN])) + (", ..." if len(first.lines) > SHOWN else "")
    where = "lines" if len(first.lines) > 1 else "in a loop, line"
    more = f"; {len(groups)} times, {text(saving)} in all" if len(groups) > 1 else ""
    return Finding(
        rule=CODE,
        name=NAME,
        template=listed([step[0].span.name for step in first.steps]),
        count=len(spans),
        spent_ns=busy_ns(spans),
        site=first.frame,
        path=first.steps[0][0].span.path,
        saving_ns=saving,
        basis=savings[0].basis + more,
        evidence=[
            f"{len(first.steps)} awaits one after another in {first.frame.function}, {where} {lines}",
            "none of them uses what another one brings",
        ],
        fix=_fix(first),
        span_ids=[span.id for span in spans],
    )


def _imported(view: View, run: list[Span]) -> Finding | None:
    """About siblings of a trace without call paths."""
    saving = together([[span] for span in run], view)
    if not saving.saving_ns:
        return None
    names = [span.name for span in run]
    hosts = sorted({str(span.attrs.get("host", "")) for span in run})
    return Finding(
        rule=CODE,
        name=NAME,
        template=listed(names),
        count=len(run),
        spent_ns=busy_ns(run),
        saving_ns=saving.saving_ns,
        basis=f"{saving.basis}; if none of them needs what another one brings",
        evidence=[
            f"{len(run)} requests one after another with hardly a gap, to {listed(hosts)}",
            "none continues an earlier one's path, or sends what was not known before the first",
        ],
        fix=f"If none needs another's answer, start them together and wait once: {listed(names)}.",
        span_ids=[span.id for span in run],
        place=view.place(run[0]),
    )


def _fix(group: Serial) -> str:
    names = listed([_called(step[0], group.depth) for step in group.steps])
    many = len(group.steps) > SAFE_CONCURRENCY
    bound = f", {SAFE_CONCURRENCY} at a time behind an asyncio.Semaphore" if many else ""
    return (
        f"Start these calls together ({names}) and wait for all: asyncio.gather or asyncio.TaskGroup{bound}."
    )


def _called(call: Call, depth: int) -> str:
    """What an await of the function calls: the application's function, or else the request or query."""
    inner = call.path[depth + 1 :]
    return inner[0].function.rpartition(".")[2] if inner else call.span.name
