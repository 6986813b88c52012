"""PK101: one query per item, from one place, where one query could ask for all of them.

Queries belong together when scope, database, call path and statement are equal. They are an N+1 when their
parameters differ; equal parameters are duplicates (PK103). Pages, lists cut into chunks, and what an ORM
loads ahead or again are no loop (``loops``, ``paging``).
"""

from __future__ import annotations

import re

from perfkit.model import Finding
from perfkit.rules.findings import about
from perfkit.rules.loops import READS, Loop
from perfkit.rules.paging import is_chunked, is_paging
from perfkit.rules.query_fixes import fix
from perfkit.rules.query_savings import as_one
from perfkit.rules.repeats import is_written_between
from perfkit.rules.view import View, by_cost

CODE = "PK101"
NAME = "n-plus-one-query"


def check(view: View) -> list[Finding]:
    """One finding per place that queries in a loop, the costliest first."""
    return by_cost(
        [
            _finding(view, loop)
            for loop in view.query_loops
            if id(loop) not in view.in_patterns and is_n_plus_one(loop, view)
        ]
    )


def is_n_plus_one(loop: Loop, view: View) -> bool:
    """Whether a loop asks for one thing after another: enough different parameters, and no page or chunk."""
    needed = view.needed(loop)
    return (
        loop.occasions >= needed
        and loop.statement.verb in READS
        and not _is_check(loop)
        and loop.distinct >= needed
        and not is_chunked(loop)
        and not is_paging(loop)
        and not view.is_chain(loop)
        and not _is_pipelined(loop)
        and not ("reload" in loop.first.attrs and is_written_between(loop, view))
    )


def _is_pipelined(loop: Loop) -> bool:
    """Whether commands to Redis went out all at once, as clients do that pipeline by themselves."""
    is_redis = loop.first.attrs.get("system") in ("redis", "valkey")
    return is_redis and not loop.placed and loop.overlap == len(loop.spans)


def _is_check(loop: Loop) -> bool:
    """Whether the statement reads no table and asks a function for nothing: a ping, a setting, a lock.

    "SELECT users" is all that some traces tell of a statement.
    """
    statement = loop.statement
    if statement.tables or not statement.verb:
        return False
    if _ASKS_FUNCTION.search(statement.template):
        return bool(_NO_ANSWER.search(statement.template))
    return "params" in loop.first.attrs or "?" in statement.template


_ASKS_FUNCTION = re.compile(r"\w\([^()]*\?")
_NO_ANSWER = re.compile(r"(?i:lock|sleep|notify|nextval|setval|set_config)\w*\(")
"""Functions that are called for what they do."""


def _finding(view: View, loop: Loop) -> Finding:
    spans = loop.spans
    saving = as_one(spans, view)
    return about(
        view,
        spans,
        (CODE, NAME),
        template=loop.template,
        saving_ns=saving.saving_ns,
        basis=saving.basis,
        evidence=_evidence(loop),
        fix=fix(loop, view),
    )


def _evidence(loop: Loop) -> list[str]:
    spans, first = loop.spans, loop.first
    known = "params" in first.attrs
    facts = [
        f"{len(spans)} queries with {loop.distinct} different sets of parameters"
        if known
        else f"{len(spans)} queries; the trace does not have their parameters",
        loop.timing,
    ]
    if "relation" in first.attrs:
        facts.append(f"the ORM loads {first.attrs['relation']} each time it is read")
    if "reload" in first.attrs:
        facts.append(f"each loads an object of {first.attrs['reload']} again")
    if "deferred" in first.attrs:
        facts.append(f"the ORM loads {first.attrs['deferred']} late, since it was deferred")
    if "template" in first.attrs:
        facts.append(f"in the template {first.attrs['template']}")
    rows = [span.attrs["rows"] for span in spans if "rows" in span.attrs]
    if rows:
        facts.append(f"{sum(rows)} rows in all")
    if known and loop.distinct * 2 <= len(spans):
        facts.append(f"each set was asked for {len(spans) / loop.distinct:.3g} times on average")
    if loop.left_out:
        facts.append(f"{len(loop.left_out)} more failed")
    return facts
