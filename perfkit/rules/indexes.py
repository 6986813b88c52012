"""The index that would serve a scan: which columns, in which order, and the statement that makes it.

Equality comes first, then one range, or what is sorted by: an index is of no use for anything behind a range.
"""

from __future__ import annotations

import re
from typing import Any

from perfkit.fingerprints.sql_words import KEYWORDS

Entry = dict[str, Any]
"""What the plan says of one table: see ``probes.plans``."""

PURE = frozenset({"lower", "upper", "trim", "length", "abs"})
"""Functions of which both SQLite and PostgreSQL keep an index."""

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


def columns(entry: Entry) -> list[str]:
    """The columns of the one index for a table, in their order; empty if no single index serves.

    Of those asked by equality the most telling comes first, so that the index serves other queries as well.
    One with "-" before it is to be sorted downwards: where all are, none is, since an index can be read
    backwards.
    """
    distinct = entry.get("distinct", {})
    telling = sorted(entry.get("equal", ()), key=lambda column: -distinct.get(column, 0))
    equal = [*telling, *entry.get("null", ())]
    if not equal and "joined" in entry:
        equal = list(entry["joined"])
    order = list(entry.get("sort", ()))
    if all(column.startswith("-") for column in order):
        order = [column[1:] for column in order]
    return list(dict.fromkeys(equal + (entry.get("range", [])[:1] or order)))


def create(system: str, table: str, wanted: list[str]) -> str:
    """The statement for an index on the columns that ``columns`` gives.

    >>> create("postgresql", "orders", ["task_id", "status"])
    'CREATE INDEX ON orders (task_id, status)'
    >>> create("sqlite", "orders", ["task_id", "-created"])
    'CREATE INDEX orders_task_id_created ON orders (task_id, created DESC)'
    """
    names = [column.removeprefix("-") for column in wanted]
    listed = [_name(name) + " DESC" * (name != column) for name, column in zip(names, wanted, strict=True)]
    return _create(system, table, names, ", ".join(listed))


def create_on_call(system: str, table: str, function: str, column: str) -> str:
    """The statement for an index on what a function makes of a column.

    >>> create_on_call("postgresql", "users", "lower", "email")
    'CREATE INDEX ON users (lower(email))'
    """
    return _create(system, table, [function, column], f"{function}({_name(column)})")


def create_for_parts(system: str, table: str, column: str) -> str:
    """What serves LIKE '%x%', where a plain index does not."""
    if system == "sqlite":
        return (
            f"No plain index serves LIKE '%x%' on {column}: keep a full-text table beside {table} (FTS5 with "
            "tokenize='trigram'). For LIKE 'x%' alone: "
            + _create(system, table, [column], f"{_name(column)} COLLATE NOCASE")
        )
    return (
        f"No plain index serves LIKE '%x%' on {column}: CREATE EXTENSION IF NOT EXISTS pg_trgm; "
        f"CREATE INDEX ON {_table(table)} USING gin ({_name(column)} gin_trgm_ops)"
    )


def _create(system: str, table: str, names: list[str], listed: str) -> str:
    if system != "sqlite":
        return f"CREATE INDEX ON {_table(table)} ({listed})"
    schema, _, plain = table.rpartition(".")  # an index lies where its table does, and needs a name
    name = re.sub(r"\W", "_", "_".join([plain, *names]))
    return f"CREATE INDEX {_name(schema) + '.' if schema else ''}{_name(name)} ON {_name(plain)} ({listed})"


def _table(table: str) -> str:
    return ".".join(map(_name, table.split(".")))


def _name(name: str) -> str:
    """A name as it must be written: in quotes unless it is a plain one."""
    plain = _PLAIN.fullmatch(name) and name.upper() not in KEYWORDS and name != "user"
    return name if plain else '"' + name.replace('"', '""') + '"'
