"""PK103: the same query with the same parameters again, from one place: keep the answer.

Not so: polling, a query that is asked again because its table was written in between, or because it failed;
queries that take work from a queue or lock rows; statements that read no table; what an ORM is told to load
again.
"""

from __future__ import annotations

import re

from perfkit.model import Finding, Span
from perfkit.rules.findings import about
from perfkit.rules.loops import READS, Loop, regardless_of_place
from perfkit.rules.query_savings import without_repeats
from perfkit.rules.repeats import enough, is_polling, is_written_between
from perfkit.rules.view import View, by_cost

CODE = "PK103"
NAME = "duplicate-query"

_TAKES = re.compile(
    r"\bFOR (?:NO KEY )?(?:UPDATE|SHARE|KEY SHARE)\b|\bSKIP LOCKED\b|\bnextval\(|\bpg_\w*advisory_"
    r"|\bDELETE FROM\b|\bINSERT INTO\b|\bUPDATE \S+ SET\b",
    re.IGNORECASE,
)
"""A query that changes something is not asked for its answer alone."""


def check(view: View) -> list[Finding]:
    """One finding per place that asks for the same again, the costliest first."""
    return by_cost(
        [_finding(view, loop) for loop in regardless_of_place(view.query_loops) if is_duplicate(loop, view)]
    )


def is_duplicate(loop: Loop, view: View) -> bool:
    """Whether a loop asks for the same thing often enough, and for no good reason."""
    statement = loop.statement
    return (
        len(loop.spans) >= enough(loop, view)
        and "params" in loop.first.attrs
        and loop.distinct < view.needed(loop)
        and len(loop.spans) - loop.distinct >= view.limits.min_duplicates - 1
        and statement.verb in READS
        and bool(statement.tables or loop.first.attrs.get("system") == "redis")
        and "reload" not in loop.first.attrs
        and not _TAKES.search(statement.template)
        and not is_written_between(loop, view)
        and not is_polling(loop, view)
    )


def _finding(view: View, loop: Loop) -> Finding:
    spans, first, distinct = loop.spans, loop.first, loop.distinct
    saving = without_repeats(spans, distinct)
    answers = "answer" if distinct == 1 else f"{distinct} answers"
    return about(
        view,
        spans,
        (CODE, NAME),
        template=loop.template,
        saving_ns=saving.saving_ns,
        basis=saving.basis,
        evidence=[
            f"{len(spans)} equal queries" if distinct == 1 else f"{len(spans)} queries, {distinct} different",
            *_by_orm(first),
        ],
        fix=f"Keep the {answers}: ask before the loop, or in a cached function if it may be kept.",
    )


def _by_orm(span: Span) -> list[str]:
    relation = span.attrs.get("relation")
    return [f"the ORM loads {relation} each time"] if relation else []
