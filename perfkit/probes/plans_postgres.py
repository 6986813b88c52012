"""The plans of PostgreSQL: what is asked on the program's own connection, in which order, and what is kept.

Inside a transaction everything happens within a savepoint that is rolled back, so that nothing which goes
wrong can abort the program's work. How a command reaches the server is for each driver's probe.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from typing import Any, NamedTuple

from perfkit.fingerprints.sql import describe_sql
from perfkit.fingerprints.sql_conditions import Condition, Order, conditions, orders
from perfkit.probes.plans import (
    MAX_COUNTED,
    MAX_TABLES,
    Asking,
    Facts,
    NoPlanError,
    asked_by,
    counted_columns,
    counting,
    quoted,
    sorted_by,
    worth_counting,
)
from perfkit.probes.queries import Query

EXPLAIN = "EXPLAIN (VERBOSE, FORMAT JSON) "
"""Never with ANALYZE, which would run the statement. VERBOSE names each column's table."""

_SAVEPOINT = "perfkit_explain"
_ACCESS = {
    "Seq Scan": "scan",
    "Index Scan": "search",
    "Index Only Scan": "search",
    "Bitmap Heap Scan": "search",
}
_PASSING = frozenset({"Gather", "Gather Merge", "Hash", "Materialize", "Memoize", "Sort", "Incremental Sort"})
"""Nodes that give the rows of the one below."""

_KEEPS_ALL = {"Left": "Outer", "Anti": "Outer", "Right": "Inner", "Right Anti": "Inner"}
"""Of which side of a join all rows are read whatever the other has."""

_STATISTICS = (
    "SELECT c.reltuples::bigint, (SELECT string_agg(DISTINCT a.attname::text, chr(10)) FROM pg_index i"
    " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
    " WHERE i.indrelid = c.oid AND i.indisvalid) FROM pg_class c WHERE c.oid = '{}'::regclass"
)

Command = tuple[str, bool]
"""A statement, and whether the query's own parameters go with it."""

Rows = list[tuple[Any, ...]]


def conversation(span: Query, sql: str, *, inside: bool) -> Generator[Command, Rows, None]:
    """What to say to the server about a statement it just answered; expects the rows, or the error thrown.

    ``inside``: a transaction is open. Raises no Exception of its own.
    """
    with Asking(span):
        if inside:
            yield f"SAVEPOINT {_SAVEPOINT}", False
        failure = None
        try:
            ((document,),) = yield EXPLAIN + sql, True
            plan = read(document)
            span.note(plan=[entry for entry, _ in plan])
            for entry, table in [(e, table) for e, table in plan if worth_counting(e)][:MAX_TABLES]:
                yield from _count(entry, table)
        except Exception as error:
            failure = error
        if inside:
            yield f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}", False
            yield f"RELEASE SAVEPOINT {_SAVEPOINT}", False
        if failure is not None:
            raise failure


def _count(entry: Facts, table: str) -> Generator[Command, Rows, None]:
    """Add what the table, named in full, holds."""
    columns = counted_columns(entry)
    ((rows, *distinct),) = yield counting(table, [quoted(column) for column in columns]), False
    ((estimated, indexed),) = yield _STATISTICS.format(table.replace("'", "''")), False
    entry["rows"] = int(rows)
    if int(rows) >= MAX_COUNTED:
        entry.update(rows=max(MAX_COUNTED, int(estimated)), about=True)
    if int(estimated) <= 0:  # never analysed: what is expected is a guess
        entry.pop("expected", None)
    if columns:
        entry["distinct"] = dict(zip(columns, map(int, distinct), strict=True))
    entry["indexed"] = sorted(str(indexed).split("\n")) if indexed else []


def read(document: Any) -> list[tuple[Facts, str]]:
    """An entry for each table of a plan, and the table's full name, ready for a statement.

    ``document``: as EXPLAIN (FORMAT JSON) gives it, in text, or what a codec made of that.
    """
    if isinstance(document, (bytes, str)):
        document = json.loads(document)
    if not isinstance(document, list) or "Plan" not in document[0]:
        raise NoPlanError
    return list(_read(document[0]["Plan"], _Above()))


class _Above(NamedTuple):
    """What the nodes above say of the rows that one gives.

    ``joined``: conditions of the join right above, whose other side has ``others`` rows.
    """

    limited: bool = False
    order: tuple[Order, ...] = ()
    workers: int = 0
    joined: tuple[Condition, ...] = ()
    others: int = 0


def _read(node: Facts, above: _Above) -> Iterator[tuple[Facts, str]]:
    kind, children = node["Node Type"], node.get("Plans", [])
    if kind in _ACCESS:
        yield _entry(node, above), f"{quoted(node.get('Schema', ''))}.{quoted(node['Relation Name'])}"
    if kind == "Limit":
        below = above._replace(limited=True)
    elif kind in ("Sort", "Incremental Sort"):
        below = above._replace(order=orders(map(_masked, node["Sort Key"])) if above.limited else ())
    elif kind in _PASSING:
        below = above._replace(workers=node.get("Workers Planned", above.workers))
    elif "Join Type" in node:
        yield from _read_join(node, children, above)
        return
    else:
        below = _Above(workers=above.workers)
    for child in children:
        is_part = child.get("Parent Relationship") in ("SubPlan", "InitPlan")
        yield from _read(child, _Above() if is_part else below)


def _read_join(node: Facts, children: list[Facts], above: _Above) -> Iterator[tuple[Facts, str]]:
    terms = [node[name] for name in ("Hash Cond", "Merge Cond", "Join Filter") if name in node]
    joined = tuple(condition for term in terms for condition in conditions(_masked(term)))
    kept = _KEEPS_ALL.get(node["Join Type"], "")
    rows = {child.get("Parent Relationship"): child["Plan Rows"] for child in children}
    for child in children:
        side = child.get("Parent Relationship")
        below = _Above()
        if side in ("Outer", "Inner"):
            other = rows.get("Inner" if side == "Outer" else "Outer", 0)
            is_kept = side == kept or node["Join Type"] == "Full"
            below = _Above(workers=above.workers, joined=() if is_kept else joined, others=other)
        yield from _read(child, below)


def _entry(node: Facts, above: _Above) -> Facts:
    schema, alias = node.get("Schema", ""), node["Alias"]
    table = node["Relation Name"] if schema in ("", "public") else f"{schema}.{node['Relation Name']}"
    entry: Facts = {"table": table, "access": _ACCESS[node["Node Type"]]}
    if entry["access"] == "search":
        return entry

    def is_own(table: str, column: str) -> bool:
        return table in ("", alias)

    def is_known(needs: frozenset[str]) -> bool:
        return alias.lower() not in needs

    found = conditions(_masked(node["Filter"])) if "Filter" in node else []
    entry.update(asked_by(found, is_own, is_known))
    sort = sorted_by(above.order, is_own) if above.limited else []
    if sort:
        entry["sort"] = sort
    joined = asked_by(above.joined, is_own, is_known).get("equal")
    if joined and "equal" not in entry:
        entry["joined"], entry["others"] = joined, above.others
    entry["expected"] = round(node["Plan Rows"] * _share(above.workers if node.get("Parallel Aware") else 0))
    return entry


def _share(workers: int) -> float:
    """Rows of a parallel node are those of one process; the leader does less the more workers there are."""
    return workers + max(0.0, 1 - 0.3 * workers) if workers else 1.0


def _masked(text: str) -> str:
    return describe_sql(text).template
