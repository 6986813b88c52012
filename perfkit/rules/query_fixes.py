"""What to write instead of a loop of queries: in the ORM's words where it is known, else the query itself.

Nothing is named that was not seen: relations and columns come from the trace.
"""

from __future__ import annotations

import re

from perfkit.model import Span
from perfkit.rules.loops import Loop
from perfkit.rules.view import View

_EQUALS = re.compile(r'(?P<column>[\w."`\[\]]+) = (?P<value>\?)')
_LIMIT_ONE = re.compile(r" (?:LIMIT|FETCH FIRST|FETCH NEXT) \?(?: ROWS? ONLY)?(?: OFFSET \?)?$")

_DYNAMODB = ("BatchGetItem takes up to 100 keys", "BatchWriteItem takes up to 25 items")
_ELASTICSEARCH = (
    "_mget takes a list of ids, a terms query a list of values",
    "_bulk takes many of them",
)
ELSEWHERE = {
    "aws.dynamodb": _DYNAMODB,
    "dynamodb": _DYNAMODB,
    "elasticsearch": _ELASTICSEARCH,
    "memcached": ("get_multi takes a list of keys", ""),
    "mongodb": ("one find with $in and a list", "insertMany, or bulkWrite"),
    "opensearch": _ELASTICSEARCH,
}
"""What reads, and what writes, many at once in databases without SQL."""

MAX_SHOWN = 300
"""Longer statements are not written out."""


def fix(loop: Loop, view: View) -> str:
    """The cure that fits what was seen."""
    attrs = loop.first.attrs
    library = attrs.get("library")
    if attrs.get("system") == "redis":
        return _redis(loop.first)
    if "subclass_of" in attrs:
        base, model = attrs["subclass_of"], str(attrs["deferred"]).partition(".")[0]
        option = f"selectin_polymorphic({base}, [{model}])"
        return f"Load the columns of {model}, too: select({base}).options({option})."
    if "deferred" in attrs:
        return _deferred(attrs["deferred"], library)
    if "reload" in attrs:
        return _reload(str(attrs["reload"]), library)
    if "relation" in attrs and library == "sqlalchemy":
        return _sqlalchemy(loop, view)
    if "relation" in attrs and library == "django":
        return _django(loop)
    return _one_query(loop)


def _redis(span: Span) -> str:
    command = str(span.attrs.get("sql", span.name)).partition(" ")[0]
    if command in ("GET", "HGET"):
        several = "MGET" if command == "GET" else "HMGET"
        return f"Ask for all keys with one {several}, or send the commands in one pipeline."
    return f"Send these {command} commands in one pipeline."


def _deferred(column: str, library: object) -> str:
    model, _, name = column.partition(".")
    if library == "django":
        return f"Do not defer {name} of {model} here: leave it out of defer(), or add it to only()."
    names = ", ".join(f"{model}.{part.strip()}" for part in name.split(","))
    return f"Load it with the rest where it is needed: .options(undefer({names})), or load_only() with it."


def _is_single(loop: Loop) -> bool:
    """Whether each load gave at most one row: the other end of a relation to one."""
    rows = [span.attrs.get("rows") for span in loop.spans[:1000]]
    return all(number is not None and number <= 1 for number in rows)


def _reload(model: str, library: object) -> str:
    if library == "django":
        return f"Load them again at once: {model}.objects.in_bulk(keys)."
    again = "execution_options(populate_existing=True)"
    return f"Load them again at once: select({model}).where(<its key>.in_(keys)).{again}."


def _sqlalchemy(loop: Loop, view: View) -> str:
    relation = str(loop.first.attrs["relation"])
    model = relation.partition(".")[0]
    if loop.first.attrs.get("target") == model:
        return (
            f"Load the whole tree at once: select({model}).options(selectinload({relation}, "
            "recursion_depth=-1)), a query per level; or a recursive CTE, one query."
        )
    first, before = _loaded_by(loop, view)
    if _is_single(loop):
        return (
            f"Load the relation with its parents: select({first}).options({before}joinedload({relation})), "
            f"or selectinload({relation}) where many parents share few rows."
        )
    return (
        "Load the relation for all parents at once: "
        f"select({first}).options({before}selectinload({relation}))."
    )


def _loaded_by(loop: Loop, view: View) -> tuple[str, str]:
    """The model to select and the option before: of the relation that brings the parents, if one does."""
    model = str(loop.first.attrs["relation"]).partition(".")[0]
    outer = view.loading.get((loop.scope, model))
    relation = str(outer.first.attrs["relation"]) if outer is not None else ""
    if outer is None or outer.first.start_ns > loop.first.start_ns or outer is loop:
        return model, ""
    option = "joinedload" if _is_single(outer) else "selectinload"
    return relation.partition(".")[0], f"{option}({relation})."


def _django(loop: Loop) -> str:
    relation = str(loop.first.attrs["relation"])
    model, _, name = relation.partition(".")
    if _asks_by_primary_key(loop):
        return f"Load the relation with its parents: {model}.objects.select_related({name!r})."
    return f"Load the relation for all parents at once: {model}.objects.prefetch_related({name!r})."


def _asks_by_primary_key(loop: Loop) -> bool:
    """Whether Django asks for one row of a foreign key: it limits ``get()`` to 21 rows then."""
    template = loop.statement.template
    return " INNER JOIN " not in template and _is_single(loop) and template.endswith("LIMIT ?")


def _one_query(loop: Loop) -> str:
    template = loop.statement.template
    reading, _ = ELSEWHERE.get(str(loop.first.attrs.get("system")), ("", ""))
    if reading:
        return f"Ask once for all of them: {reading}."
    written = in_query(template)
    bounded = loop.overlap > 1
    beside = " instead of one query in each task" if bounded else ""
    if written:
        return f"Ask once for all of them{beside}, and look the rows up in a dict: {written}"
    if _LIMIT_ONE.search(template) and " ORDER BY " in template:
        first = "the first rows of each (DISTINCT ON, ROW_NUMBER() or a lateral join)"
        return f"Ask once for all of them{beside}: one query with a list of keys that gives {first}."
    return (
        f"Ask once for all of them{beside}: one query with a list of keys or a JOIN, and a dict to look the "
        "rows up in."
    )


def in_query(template: str) -> str:
    """The statement with a list in the place of its one key; "" where it is not sure which one that is.

    >>> in_query("SELECT name FROM users WHERE id = ?")
    'SELECT id, name FROM users WHERE id IN (?, ...)'
    """
    if _LIMIT_ONE.search(template) and " ORDER BY " in template:
        return ""  # the first ones of each key are wanted
    body = _LIMIT_ONE.sub("", template)
    found = list(_EQUALS.finditer(body))
    where = body.find(" WHERE ")
    if len(found) != 1 or where < 0 or found[0].start() < where or body.count("?") != 1:
        return ""
    if " LIMIT " in body or " OFFSET " in body or len(body) > MAX_SHOWN or body.count("SELECT") != 1:
        return ""
    key = found[0]["column"]
    listed = f"{body[: found[0].start()]}{key} IN (?, ...){body[found[0].end() :]}"
    return _with_key(listed, key)


_SELECT = "SELECT"
_COUNT = re.compile(r"^SELECT (?P<what>(?:count|sum|min|max|avg)\([^()]*\)(?: AS \w+)?) FROM ", re.IGNORECASE)


def _with_key(listed: str, key: str) -> str:
    """With the key among the columns, so that the rows can be told apart."""
    if _COUNT.match(listed):
        counted = _COUNT.sub(lambda found: f"{_SELECT} {key}, {found['what']} FROM ", listed)
        return f"{counted} GROUP BY {key}"
    columns = listed[len("SELECT ") : listed.find(" FROM ")]
    bare = key.rpartition(".")[2]
    names = {column.strip().rpartition(".")[2].partition(" ")[0] for column in columns.split(",")}
    if columns.startswith("DISTINCT") or "*" in columns or bare in names or "(" in columns:
        return listed
    return listed.replace("SELECT ", f"SELECT {key}, ", 1)
