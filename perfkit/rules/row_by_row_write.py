"""PK105: rows written one statement each: executemany, one statement for all, one transaction.

One flush of an ORM may write many rows, statement by statement: that is the ORM's work and no loop of the
program's. A loop of flushes is one. Not so either: statements with several rows each, writes cut into chunks,
what is repeated until nothing is left, and writes with pauses between them, as a worker's heartbeat.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from statistics import median

from perfkit.model import Finding, Span, busy_ns
from perfkit.rules.findings import about
from perfkit.rules.loops import WRITES, Loop
from perfkit.rules.paging import is_chunked, is_paging
from perfkit.rules.query_fixes import ELSEWHERE
from perfkit.rules.query_savings import fixed_cost
from perfkit.rules.repeats import is_polling
from perfkit.rules.savings import text
from perfkit.rules.view import View, by_cost

CODE = "PK105"
NAME = "row-by-row-write"

_LIMITED = re.compile(r" LIMIT \?| TOP ?\(?\?|FETCH (?:FIRST|NEXT) \?")
_FOR_ONE = re.compile(r"(?<![<>!])= \?")
_VERSIONS = frozenset(
    {"__efmigrationshistory", "alembic_version", "ar_internal_metadata", "databasechangelog"}
    | {"databasechangeloglock", "django_migrations", "flyway_schema_history", "migrations"}
    | {"schema_migrations"}
)
"""Tables in which migrations of common tools note how far they are, each on purpose."""


def check(view: View) -> list[Finding]:
    """One finding per place that writes row by row, the costliest first."""
    return by_cost(
        [
            _finding(view, loop)
            for loop in view.query_loops
            if id(loop) not in view.in_patterns and is_row_by_row(loop, view)
        ]
    )


def is_row_by_row(loop: Loop, view: View) -> bool:
    """Whether a loop of the program's writes one row, or little more, at a time."""
    needed = view.needed(loop)
    return (
        len(loop.spans) >= needed
        and loop.statement.verb in WRITES
        and loop.without_vain().occasions >= needed
        and max(span.attrs.get("listed", 0) for span in loop.spans) <= 1
        and not is_chunked(loop)
        and not is_paging(loop)
        and not _is_until_done(loop)
        and not _notes_migration(loop)
        and not is_polling(loop, view)
    )


def _is_until_done(loop: Loop) -> bool:
    """Whether the same statement is repeated, some rows at a time, until none is left."""
    if loop.statement.verb == "INSERT":
        return False
    template = loop.statement.template
    if _LIMITED.search(template) and not _FOR_ONE.search(template.partition(" WHERE ")[2]):
        return True
    if loop.distinct > 1:
        return False
    rows = [span.attrs.get("rows", 0) for span in loop.spans]
    return max(rows) > 1 or " LIMIT ?" in loop.statement.template


def _notes_migration(loop: Loop) -> bool:
    tables = loop.statement.tables
    return bool(tables) and tables[0].rpartition(".")[2].strip('"`[]').lower() in _VERSIONS


def _commits(view: View, loop: Loop) -> list[int]:
    """How long the commits took that lie between the loop's statements, in nanoseconds."""
    first = bisect_left(view.commits, loop.first.start_ns, key=_start)
    last = bisect_left(view.commits, loop.spans[-1].end_ns, key=_start)
    # the last statement's own commit comes behind it
    connections = {span.attrs.get("connection") for span in loop.spans}
    found = view.commits[first : last + 1]
    return [span.duration_ns for span in found if span.attrs.get("connection") in connections]


def _start(span: Span) -> int:
    return span.start_ns


def _finding(view: View, loop: Loop) -> Finding:
    spans = loop.spans
    commits = _commits(view, loop)
    each = len(commits) >= len(spans) - 1
    cost, source = fixed_cost(spans, view)
    saving = (len(spans) - 1) * cost
    basis = f"one executemany instead of {len(spans)} statements: {len(spans) - 1} x {text(cost)} ({source})"
    if each and commits:
        commit = round(median(commits))
        saving += (len(commits) - 1) * commit
        basis += f"; one commit instead of {len(commits)}: {len(commits) - 1} x {text(commit)}"
    return about(
        view,
        spans,
        (CODE, NAME),
        template=loop.template,
        spent_ns=busy_ns(spans) + (sum(commits) if each else 0),
        saving_ns=saving,
        basis=basis,
        evidence=_evidence(loop, commits if each else []),
        fix=_fix(loop, each),
    )


def _evidence(loop: Loop, commits: list[int]) -> list[str]:
    facts = [f"{len(loop.spans)} {loop.statement.verb} statements, a row or so each"]
    if commits:
        facts.append("each in a transaction of its own")
    flushes = {span.attrs["flush"] for span in loop.spans if "flush" in span.attrs}
    if flushes:
        facts.append(f"{len(flushes)} flushes of the ORM")
    return facts


def _fix(loop: Loop, commit_each: bool) -> str:
    attrs, verb = loop.first.attrs, loop.statement.verb
    table = loop.statement.tables[0] if loop.statement.tables else "the table"
    inside = ", in one transaction" if commit_each else ""
    _, writing = ELSEWHERE.get(str(attrs.get("system")), ("", ""))
    if writing:
        return f"Write them at once: {writing}."
    if "flush" in attrs:
        what = "Add all objects first (session.add_all)" if verb == "INSERT" else "Change all objects first"
        return f"{what} and flush or commit once behind the loop: {table} is then written in few statements."
    if attrs.get("library") == "django":
        call = {"INSERT": "bulk_create()", "UPDATE": "bulk_update(), or update() on a queryset"}.get(
            verb, "delete() on a queryset of all of them"
        )
        return f"Write them at once with {call}{inside}."
    if verb in ("INSERT", "REPLACE", "MERGE", "UPSERT"):
        return f"Write the rows of {table} with one executemany, or one INSERT with several rows{inside}."
    one = "UPDATE ... FROM (VALUES ...)" if verb == "UPDATE" else "DELETE ... WHERE ... IN (...)"
    return f"Write {table} with one executemany, or one {one}{inside}."
