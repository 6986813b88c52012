"""Which columns the rows of a query are chosen and ordered by, told from its template.

Best effort, like ``sql_facts``: a condition that is not understood is kept as one of kind "other", so that
nobody takes it for none. Works on templates (``describe_sql``) only, and so never sees a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, NamedTuple

from perfkit.fingerprints.sql_words import KEYWORDS

Node = Any
"""A keyword or mark (str), a name (tuple of its parts), or what stands in parentheses (list of nodes)."""

Column = tuple[str, str]
"""The table as the query names it ("" if it does not say) and the column."""


class Condition(NamedTuple):
    """What rows must meet. ``needs`` are the tables whose columns stand on the other side.

    ``kind``: "equal" (also IN and IS NULL), "range", "like"; "call" (``function`` of the column is compared);
    "any" (one of ``columns`` must be equal); "other" (not understood, or nothing that an index serves).
    """

    kind: str
    columns: tuple[Column, ...] = ()
    needs: frozenset[str] = frozenset()
    function: str = ""
    null: bool = False


class Order(NamedTuple):
    """One column of ORDER BY."""

    column: Column
    descending: bool = False


class Select(NamedTuple):
    """One SELECT, without those inside it.

    ``tables``: each by the name it has in the query, in lower case ("" for what is no table). ``order`` is
    empty where anything but columns is sorted by. ``summed``: the number of rows it returns says nothing of
    the number it reads, because of GROUP BY, DISTINCT, an aggregate or UNION.
    """

    tables: dict[str, str]
    conditions: tuple[Condition, ...] = ()
    order: tuple[Order, ...] = ()
    limited: bool = False
    summed: bool = False


_PART: Final = r'(?:"(?:[^"]|"")*+"|`[^`]*+`|\[[^\W\d]\w*+(?: \w++)*+\]|[^\W\d][\w$]*+)'
_TOKEN: Final = re.compile(
    rf"(?P<name>{_PART}(?:\.{_PART})*+(?:\.\*)?)|(?P<mark>\?|::|\|\||<=|>=|<>|!=|==|!?~~?\*?|[-#]>>?|\.{{3}}|\S)"
)
_UNQUOTED: Final = re.compile(_PART)

_SET_OPERATORS: Final = frozenset({"UNION", "EXCEPT", "INTERSECT"})
_CLAUSES: Final = frozenset(
    {"FROM", "WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR"}
)
_JOINING: Final = frozenset(
    {"JOIN", "LEFT", "RIGHT", "FULL", "INNER", "OUTER", "CROSS", "NATURAL", "STRAIGHT_JOIN", ","}
)
_KINDS: Final = {
    **dict.fromkeys(("=", "==", "IN", "IS", "ISNULL"), "equal"),
    **dict.fromkeys(("<", ">", "<=", ">=", "BETWEEN"), "range"),
    **dict.fromkeys(("LIKE", "ILIKE", "~~", "~~*", "GLOB"), "like"),
    **dict.fromkeys(("<>", "!=", "!~~", "!~~*", "NOTNULL", "~", "~*", "REGEXP", "SIMILAR"), "other"),
}
"""Operators, by what an index can do for them."""

_RELABELLING: Final = frozenset({"text", "character"})
"""Types that PostgreSQL's plans cast a column to without changing it: varchar and text are stored alike."""

_TYPE_WORDS: Final = frozenset({"varying", "precision", "without", "with", "time", "zone"})
_VALUES: Final = frozenset(
    {"current_timestamp", "current_date", "current_time", "localtimestamp", "localtime", "current_user"}
)
_AGGREGATES: Final = frozenset(
    {"count", "sum", "avg", "min", "max", "total", "group_concat", "string_agg", "array_agg", "bool_or"}
    | {
        "bool_and",
        "every",
        "json_agg",
        "jsonb_agg",
        "json_group_array",
        "json_object_agg",
        "stddev",
        "variance",
    }
)


@lru_cache(maxsize=1024)
def selects(template: str) -> tuple[Select, ...]:
    """Every SELECT of a statement, those inside others too, each by itself.

    >>> (found,) = selects("SELECT * FROM orders AS o WHERE o.task_id = ? AND o.status IN (?, ...)")
    >>> [(condition.kind, condition.columns) for condition in found.conditions]
    [('equal', (('o', 'task_id'),)), ('equal', (('o', 'status'),))]
    """
    return tuple(_selects(_tree(template)))


def conditions(template: str) -> list[Condition]:
    """The conditions in a text such as ``((status)::text = ?::text)``: the masked filter of a plan."""
    return _conditions(_tree(template))


def orders(keys: Iterable[str]) -> tuple[Order, ...]:
    """What ORDER BY, or a plan's sort keys, sorts by; empty if it is more than columns.

    >>> orders(["o.created DESC"])
    (Order(column=('o', 'created'), descending=True),)
    """
    found = [_order(_tree(key)) for key in keys]
    return tuple(order for order in found if order is not None) if all(found) else ()


def _tree(text: str) -> list[Node]:
    """Names, keywords and marks, with what stands in parentheses as a list of its own."""
    levels: list[list[Node]] = [[]]
    for match in _TOKEN.finditer(text):
        word = match[0]
        if word == "(":
            levels.append([])
        elif word == ")":
            if len(levels) > 1:
                inner = levels.pop()
                levels[-1].append(inner)
        elif match.lastgroup == "mark" or word in KEYWORDS:
            levels[-1].append(word)
        else:
            levels[-1].append(_parts(word))
    while len(levels) > 1:  # a text that was cut off
        inner = levels.pop()
        levels[-1].append(inner)
    return levels[0]


def _parts(name: str) -> tuple[str, ...]:
    parts = tuple(part if part[0] not in '"`[' else part[1:-1] for part in _UNQUOTED.findall(name))
    return (*parts, "*") if name.endswith(".*") else parts


def _selects(nodes: list[Node]) -> Iterator[Select]:
    for node in nodes:
        if isinstance(node, list):
            yield from _selects(node)
    if "SELECT" in nodes:
        cores = _split(nodes[nodes.index("SELECT") :], _SET_OPERATORS)
        for core in cores:
            if "SELECT" in core:
                yield _select(core[core.index("SELECT") + 1 :], alone=len(cores) == 1)


def _select(nodes: list[Node], *, alone: bool) -> Select:
    clauses: dict[str, list[Node]] = {"": []}
    part = clauses[""]
    for node in nodes:
        if isinstance(node, str) and node in _CLAUSES:
            part = clauses.setdefault(node, [])
        else:
            part.append(node)
    tables: dict[str, str] = {}
    found = [*_tables(clauses.get("FROM", []), tables), *_conditions(clauses.get("WHERE", []))]
    keys = _split([node for node in clauses.get("ORDER", []) if node != "BY"], {","}) if alone else []
    order = [_order(key) for key in keys if key]
    return Select(
        tables,
        tuple(found),
        tuple(key for key in order if key is not None) if all(order) else (),
        limited="LIMIT" in clauses or "FETCH" in clauses or not alone,
        summed=not alone or "GROUP" in clauses or "DISTINCT" in clauses[""] or _aggregates(clauses[""]),
    )


def _aggregates(nodes: list[Node]) -> bool:
    return any(
        isinstance(node, tuple) and node[-1].lower() in _AGGREGATES and isinstance(after, list)
        for node, after in pairwise(nodes)
    )


def _tables(nodes: list[Node], tables: dict[str, str]) -> Iterator[Condition]:
    """Enter what FROM names into ``tables``; gives the conditions that join them."""
    for item in _split(nodes, _JOINING):
        words = [node for node in item if node not in ("LATERAL", "ONLY", "AS")]
        if not words:
            continue
        before = list(tables)
        _enter(words, tables)
        for place, word in enumerate(words):
            if word == "ON":
                yield from _conditions(words[place + 1 :])
            elif word == "USING" and isinstance(words[-1], list):
                for column in _columns(words[-1]):
                    yield Condition("equal", ((next(reversed(tables)), column[1]),), frozenset(before))


def _enter(words: list[Node], tables: dict[str, str]) -> None:
    first, rest = words[0], words[1:]
    alias = rest[0][0] if rest and isinstance(rest[0], tuple) and len(rest[0]) == 1 else ""
    if isinstance(first, tuple):
        is_call = bool(rest) and isinstance(rest[0], list)
        if is_call:
            alias = next((word[0] for word in rest if isinstance(word, tuple)), "")
        tables[(alias or first[-1]).lower()] = "" if is_call else ".".join(first)
    elif isinstance(first, list):
        if "SELECT" in first or "VALUES" in first:
            tables[alias.lower()] = ""
        else:  # joins in parentheses
            list(_tables(first, tables))


def _conditions(nodes: list[Node]) -> list[Condition]:
    while len(nodes) == 1 and isinstance(nodes[0], list) and "SELECT" not in nodes[0]:
        nodes = nodes[0]
    if not nodes:
        return []
    parts = _split_and(nodes)
    if len(parts) > 1:
        return [condition for part in parts for condition in _conditions(part)]
    alternatives = _split(nodes, {"OR"})
    if len(alternatives) > 1:
        return [_any([_conditions(part) for part in alternatives], nodes)]
    return _comparison(nodes)


def _any(alternatives: list[list[Condition]], nodes: list[Node]) -> Condition:
    """Conditions of which one must hold: useful to an index if each of them asks one column by equality."""
    columns: dict[Column, None] = {}
    needs: frozenset[str] = frozenset()
    for found in alternatives:
        if len(found) != 1 or found[0].kind not in ("equal", "any"):
            return Condition("other", _columns(nodes))
        columns.update(dict.fromkeys(found[0].columns))
        needs |= found[0].needs
    return Condition("equal" if len(columns) == 1 else "any", tuple(columns), needs)


def _comparison(nodes: list[Node]) -> list[Condition]:
    place = next((n for n, node in enumerate(nodes) if isinstance(node, str) and node in _KINDS), None)
    if place is None or "NOT" in nodes or "COLLATE" in nodes:
        return [Condition("other", _columns(nodes))]
    operator, left, right = nodes[place], nodes[:place], nodes[place + 1 :]
    kind = _KINDS[operator]
    if operator in ("IS", "ISNULL"):
        null = operator == "ISNULL" or right == ["NULL"]
        column = _column(left)
        return [
            Condition("equal", (column,), null=True)
            if column and null
            else Condition("other", _columns(nodes))
        ]
    found = [*_side(kind, left, right)]
    if operator in ("=", "==", "<", ">", "<=", ">="):
        found += _side(kind, right, left)
    return found or [Condition("other", _columns(nodes))]


def _side(kind: str, own: list[Node], other: list[Node]) -> Iterator[Condition]:
    """The condition that a comparison is for the column on one side."""
    if kind == "other":
        return
    needs = frozenset(table.lower() for table, _ in _columns(other))
    column = _column(own)
    if column is not None:
        yield Condition(kind, (column,), needs)
        return
    call = _call(own)
    if call is not None and kind != "like":
        yield Condition("call", (call[1],), needs, call[0])


def _column(nodes: list[Node]) -> Column | None:
    """The column that an operand is, perhaps in parentheses or cast to what it is stored as."""
    while len(nodes) == 1 and isinstance(nodes[0], list):
        nodes = nodes[0]
    if "::" in nodes:
        place = nodes.index("::")
        cast = nodes[place + 1] if place + 1 < len(nodes) else ""
        if not isinstance(cast, tuple) or cast[-1] not in _RELABELLING:
            return None
        return _column(nodes[:place])
    if len(nodes) == 1 and isinstance(nodes[0], tuple):
        return None if nodes[0][-1].lower() in _VALUES else _named(nodes[0])
    first = _split(nodes, {","})
    if len(first) > 1:  # (a, b) > (?, ?): a page by key
        return _column(first[0])
    return None


def _call(nodes: list[Node]) -> tuple[str, Column] | None:
    """Function and column of an operand such as ``lower(name)``."""
    while len(nodes) == 1 and isinstance(nodes[0], list):
        nodes = nodes[0]
    if len(nodes) != 2 or not isinstance(nodes[0], tuple) or not isinstance(nodes[1], list):
        return None
    column = _column(nodes[1]) if len(nodes[1]) == 1 or "::" in nodes[1] else None
    return (".".join(nodes[0]), column) if column is not None else None


def _columns(nodes: list[Node]) -> tuple[Column, ...]:
    """Every column that is named in ``nodes``, but for those of a SELECT there."""
    found: dict[Column, None] = {}
    for before, node, after in zip(["", *nodes], nodes, [*nodes[1:], ""], strict=False):
        if isinstance(node, list):
            if "SELECT" not in node:
                found.update(dict.fromkeys(_columns(node)))
        elif (
            isinstance(node, tuple) and not isinstance(after, list) and not _is_no_column(before, node, after)
        ):
            found[_named(node)] = None
    return tuple(found)


def _is_no_column(before: Node, node: tuple[str, ...], after: Node) -> bool:
    """Whether a name is a type, a collation, or a value that is written as a word."""
    word = node[-1].lower()
    return before in ("::", "COLLATE") or after == "?" or word in _TYPE_WORDS or word in _VALUES


def _named(parts: tuple[str, ...]) -> Column:
    return (parts[-2] if len(parts) > 1 else "", parts[-1])


def _order(nodes: list[Node]) -> Order | None:
    descending = "DESC" in nodes
    plain = [node for node in nodes if node not in ("ASC", "DESC", "NULLS", "FIRST", "LAST")]
    column = _column(plain)
    return Order(column, descending) if column is not None else None


def _split(nodes: list[Node], words: Iterable[str]) -> list[list[Node]]:
    """The nodes between those that are one of ``words``."""
    parts: list[list[Node]] = [[]]
    for node in nodes:
        if isinstance(node, str) and node in words:
            parts.append([])
        else:
            parts[-1].append(node)
    return parts


def _split_and(nodes: list[Node]) -> list[list[Node]]:
    """The same at AND, but for the one of BETWEEN."""
    parts: list[list[Node]] = [[]]
    between = False
    for node in nodes:
        if node == "AND" and not between:
            parts.append([])
            continue
        between = node == "BETWEEN" or (between and node != "AND")
        parts[-1].append(node)
    return parts
