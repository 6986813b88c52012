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
from perfkit.rules.loops import WRITES, Loop, Path, statement_of
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
    kinds = _Kinds(view)
    if not kinds.tasks:
        return []
    dependencies = Dependencies(view.sources, kinds.reading_lines())
    found = Groups(dependencies, view.limits.min_serial)
    between = kinds.happenings()
    places: dict[Hashable, _Place] = {}
    for (_, task), spans in kinds.tasks.items():
        for group in found.of(_in_parts(spans, between[task], found, dependencies)):
            steps = _on_own_connections(group.steps)
            if len(steps) >= view.limits.min_serial:
                apart = group if len(steps) == len(group.steps) else group._replace(steps=steps)
                key = (group.frame.file, group.frame.function, apart.lines)
                place = places.get(key)
                if place is None:
                    place = places[key] = _Place(apart)
                place.add(apart, view)
    return [place.finding() for place in places.values() if place.saving_ns and not place.is_shared()]


class _Kinds:
    """The trace's calls, sorted: those that only read, and those that must stay where they are.

    ``tasks``: by scope and task the calls that only read and are part of no loop, where there are enough.
    """

    def __init__(self, view: View) -> None:
        self._view = view
        self._paths: dict[int, Path] = {}
        self._writing: list[Loop] = []
        tasks: dict[TaskKey, list[Span]] = defaultdict(list)
        for loop in (*view.request_loops, *view.query_loops):
            first = loop.first
            if not _only_reads(loop):
                self._writing.append(loop)
                continue
            self._paths[id(first.path)] = first.path
            if first.path and len(loop.spans) < view.needed(loop):
                for span in loop.spans:
                    if span.task and not span.attrs.get("retry"):
                        tasks[loop.scope, span.task].append(span)
        enough = view.limits.min_serial
        self.tasks = {key: sorted(spans, key=_start) for key, spans in tasks.items() if len(spans) >= enough}

    def reading_lines(self) -> frozenset[tuple[str, int]]:
        """The lines of all paths to operations that only read."""
        return frozenset((frame.file, frame.line) for path in self._paths.values() for frame in path)

    def happenings(self) -> dict[int, list[int]]:
        """When each task wrote something or waited for something else: no call is moved across that."""
        tasks = {task for _, task in self.tasks}
        times: dict[int, list[int]] = defaultdict(list)
        for span in self._view.trace.spans:
            if span.task in tasks and _has_its_place(span):
                times[span.task].append(span.start_ns)
        for loop in self._writing:
            if loop.first.kind == "request":
                for span in loop.spans:
                    times[span.task].append(span.start_ns)
        for found in times.values():
            found.sort()
        return times


def _has_its_place(span: Span) -> bool:
    """Whether it is a wait, a batch or a query that writes."""
    if span.kind == "query":
        return statement_of(span).verb in WRITES
    return span.kind == "wait" or (span.kind == "request" and bool(span.attrs.get("batch")))


def _only_reads(loop: Loop) -> bool:
    if loop.first.kind == "request":
        return reads(loop)
    return loop.statement.verb in _READING and not _LOCKING.search(loop.template)


def _start(span: Span) -> int:
    return span.start_ns


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
    if all(call.span.kind == "request" for step in steps for call in step):
        return steps
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


class _Place:
    """The groups of calls on the same lines of one function, which may have run more than once."""

    def __init__(self, first: Serial) -> None:
        self.saving_ns = 0
        self._first = first
        self._basis = ""
        self._spans: list[Span] = []
        self._times: list[tuple[int, int]] = []

    def add(self, group: Serial, view: View) -> None:
        """One more run."""
        steps = [[call.span for call in step] for step in group.steps]
        saving = together(steps, view)
        self.saving_ns += saving.saving_ns or 0
        self._basis = self._basis or saving.basis
        self._times.append((steps[0][0].start_ns, steps[-1][-1].end_ns))
        for step in steps:
            self._spans += step

    def is_shared(self) -> bool:
        """Whether several tasks went through the same loop at once: then it is bounded, and not serial."""
        self._times.sort()
        return self._first.loop and any(start < end for (_, end), (start, _) in pairwise(self._times))

    def finding(self) -> Finding:
        """What is to be said about it."""
        first, runs = self._first, len(self._times)
        lines = ", ".join(map(str, first.lines[:SHOWN])) + (", ..." if len(first.lines) > SHOWN else "")
        where = "lines" if len(first.lines) > 1 else "in a loop, line"
        more = f"; {runs} times, {text(self.saving_ns)} in all" if runs > 1 else ""
        return Finding(
            rule=CODE,
            name=NAME,
            template=listed([step[0].span.name for step in first.steps]),
            count=len(self._spans),
            spent_ns=busy_ns(self._spans),
            site=first.frame,
            path=first.steps[0][0].span.path,
            saving_ns=self.saving_ns,
            basis=self._basis + more,
            evidence=[
                f"{len(first.steps)} awaits one after another in {first.frame.function}, {where} {lines}",
                "none of them uses what another one brings",
            ],
            fix=_fix(first),
            span_ids=[span.id for span in self._spans],
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
