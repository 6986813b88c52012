"""Loops that take turns: A B A B or A B C A B C, on one database or one host.

Members are loops that a rule of one call would report by itself, apart from what an ORM loads on access: that
has a cure of its own. Rounds begin with the first member; each other member comes at most once per round, and
in at least half of them. What is spread over tasks counts round by round within each task.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Hashable

from perfkit.rules.loops import WRITES, Loop
from perfkit.rules.n_plus_one_query import is_n_plus_one
from perfkit.rules.n_plus_one_request import items_of
from perfkit.rules.repeats import is_written_between
from perfkit.rules.row_by_row_write import is_row_by_row
from perfkit.rules.view import View

MAX_MEMBERS = 8
"""Longer rounds are no longer one pattern (Sentry looks for as many)."""

MAX_WORK = 200
"""So many loops of one request are looked at for what is done for a job."""

_TAKES_JOB = "SKIP LOCKED"


def patterns(view: View) -> list[list[Loop]]:
    """The groups of loops that take turns, each in the order of its rounds."""
    groups = [members for candidates in _by_target(view).values() for members in _groups(candidates)]
    return [
        members[:MAX_MEMBERS]
        for members in groups
        if len(members) > 1 and not all(_writes(loop) for loop in members)
    ]


def jobs(view: View) -> list[list[Loop]]:
    """Loops that take work from a queue, each with the loops of what is done for it."""
    claims = [loop for loop in view.query_loops if len(loop.spans) > 1 and _may_take_job(loop, view)]
    if not claims:
        return []
    others: dict[int, list[Loop]] = {claim.scope: [] for claim in claims}
    known = {id(claim) for claim in claims}
    for loop in view.query_loops:
        if loop.scope in others and id(loop) not in known and len(others[loop.scope]) < MAX_WORK:
            others[loop.scope].append(loop)
    found = []
    for number, claim in enumerate(claims):
        work = others[claim.scope] if number < MAX_WORK else []
        turns = [loop for loop in work if takes_turns(claim, loop)]
        if _TAKES_JOB in claim.template or any(_marks(loop, claim) for loop in turns):
            found.append([claim, *turns])
    return found


def _may_take_job(loop: Loop, view: View) -> bool:
    """Whether a query takes work: it says so, or asks for the first row again as the table changes."""
    if _TAKES_JOB in loop.template:
        return True
    first = loop.statement.limit and loop.statement.verb == "SELECT" and loop.distinct == 1
    single = first and all(span.attrs.get("rows") in (0, 1) for span in loop.spans)
    return single and is_written_between(loop, view)


def _marks(loop: Loop, claim: Loop) -> bool:
    """Whether a write may say that a row of the claim's table is done."""
    statement = loop.statement
    return statement.verb in ("UPDATE", "DELETE") and bool({*statement.tables} & {*claim.statement.tables})


def _writes(loop: Loop) -> bool:
    return loop.first.kind == "query" and loop.statement.verb in WRITES


def _by_target(view: View) -> dict[Hashable, list[Loop]]:
    """What could be part of a pattern, by scope and database or host, in order of the first call."""
    found: dict[Hashable, list[Loop]] = {}
    work = {id(loop) for members in view.jobs for loop in members}
    for loop in view.query_loops:
        if id(loop) not in work and _is_candidate(loop, view):
            found.setdefault((loop.scope, loop.target), []).append(loop)
    for loop in view.request_loops:
        if items_of(loop, view):
            found.setdefault((loop.scope, loop.target), []).append(loop)
    return {key: sorted(loops, key=lambda loop: loop.first.start_ns) for key, loops in found.items()}


def _is_candidate(loop: Loop, view: View) -> bool:
    attrs = loop.first.attrs
    if "relation" in attrs or "deferred" in attrs:
        return False
    return is_n_plus_one(loop, view) or is_row_by_row(loop, view)


def _groups(candidates: list[Loop]) -> list[list[Loop]]:
    """Candidates that take turns with the first of their group."""
    groups: list[list[Loop]] = []
    for loop in candidates:
        # its first call lies in the first round, so that no group begun long before can be its own
        group = next((g for g in reversed(groups[-MAX_MEMBERS:]) if takes_turns(g[0], loop)), None)
        if group is None:
            groups.append([loop])
        else:
            group.append(loop)
    return groups


def takes_turns(first: Loop, other: Loop) -> bool:
    """Whether ``other`` comes at most once, and mostly once, in each round that ``first`` begins."""
    rounds, count = len(first.spans), len(other.spans)
    if not rounds >= count >= rounds / 2 or other.first.start_ns < first.first.start_ns:
        return False
    if first.overlap > 1:
        return _within_tasks(first, other)
    missing = rounds - count
    if missing + 1 < rounds and other.first.start_ns >= first.spans[missing + 1].start_ns:
        return False  # too many rounds have begun without it
    starts = [span.start_ns for span in first.spans]
    taken = {bisect_right(starts, span.start_ns) for span in other.spans}
    return len(taken) == count


def _within_tasks(first: Loop, other: Loop) -> bool:
    """The same for calls that overlap: task by task."""
    mine, theirs = (Counter((s.task, s.thread) for s in loop.spans) for loop in (first, other))
    return len(mine) > 1 and all(mine[key] >= number for key, number in theirs.items())
