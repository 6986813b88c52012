"""SQL statements with their values masked: ``select * from t where id in (1, 2)`` is
``SELECT * FROM t WHERE id IN (?, ...)``.

Statements have one template if they differ in literals, placeholders, comments, space, the case of
keywords, or the number of values in an IN list, an array or the rows of VALUES; nothing else merges them.
Literals never survive.

Text in double quotes is a name in SQL and may be a literal in MySQL: it is kept where only a name can stand,
or if it looks like one. TRUE and FALSE are literals, NULL is structure (``IS NULL``) except in a row of
VALUES. The names of savepoints and cursors that libraries number are masked. ``#`` starts a comment, as in
MySQL.
"""  # noqa: D205

from __future__ import annotations

from itertools import pairwise
from typing import Final, NamedTuple

from perfkit.fingerprints.sql_facts import OPENING, Facts, asks_for_range, kind_of, longest_list, verb_of
from perfkit.fingerprints.sql_lists import VALUE
from perfkit.fingerprints.sql_reader import Reader, shown
from perfkit.fingerprints.sql_tokens import BACKSLASH, STANDARD

MAX_KEPT: Final = 4096
"""Statements remembered; the older half is forgotten when there are more."""

MAX_KEPT_CHARACTERS: Final = 16 * 1024 * 1024
"""So many of their texts, too."""

MAX_MARKS: Final = 32
"""Statements with more values are not looked at one by one."""

LONG: Final = 64 * 1024
"""Longer texts are not remembered."""

EXPANDING = frozenset(
    {"ANY", "FIND_IN_SET", "HAS", "JSON_EACH", "JSON_TABLE", "OPENJSON", "STRING_SPLIT", "STRING_TO_ARRAY"}
    | {"JSON_ARRAY_ELEMENTS", "JSON_ARRAY_ELEMENTS_TEXT", "JSON_POPULATE_RECORDSET", "JSON_TO_RECORDSET"}
    | {"JSONB_ARRAY_ELEMENTS", "JSONB_ARRAY_ELEMENTS_TEXT", "JSONB_POPULATE_RECORDSET"}
    | {"JSONB_TO_RECORDSET", "UNNEST"}
)
"""Functions by which one parameter stands for a list of values."""

_BULK_FORMATS = frozenset({"JSONEACHROW", "ROWBINARY", "TABSEPARATED"})
"""ClickHouse: rows follow the statement."""


class Statement(NamedTuple):
    """What is known about a statement once its values are masked.

    ``template``: ready to show. ``verb``: upper case, of the main statement behind WITH, "" if unknown.
    ``tables``: names it reads or writes, in order, best effort. ``kind``: "query", "transaction" (BEGIN,
    COMMIT, SAVEPOINT ...) or "catalogue" (asks about tables, not for their rows). ``limit``, ``offset``:
    whether the outermost query has one. ``lists``: it asks for several values at once (IN list, ``= ANY``);
    ``listed``: how many the longest such list has, or how many rows stand behind VALUES, as far as the text
    shows it (0: no list). ``ranged``: it asks for what lies before, behind or between values. ``marks``: for
    each "?" of the template the placeholder it was, "" for a literal; () where lists were cut short.
    """

    template: str
    verb: str = ""
    tables: tuple[str, ...] = ()
    kind: str = "query"
    limit: bool = False
    offset: bool = False
    lists: bool = False
    listed: int = 0
    ranged: bool = False
    marks: tuple[str, ...] = ()


def describe_sql(sql: str) -> Statement:
    """Template, verb, tables and kind of a statement or script. Never raises for any text.

    >>> describe_sql("select * from users where id in (1, 2) -- both").template
    'SELECT * FROM users WHERE id IN (?, ...)'
    >>> describe_sql("INSERT INTO t (a) VALUES (%s), (%s)")[:3]
    ('INSERT INTO t (a) VALUES (?), ...', 'INSERT', ('t',))
    """
    return _kept[sql]


def _describe(sql: str) -> Statement:
    reader = _read(sql)
    tokens = reader.tokens
    while tokens[-1] == ";":
        tokens.pop()
    facts = Facts(tokens)
    tables = facts.tables
    verb = verb_of(tokens)
    kind = kind_of(verb, tables, tokens)
    lists = reader.lists or _asks_for_several(tokens)
    return Statement(
        template=shown(tokens[1:]),
        verb=verb,
        tables=tables,
        kind=kind,
        limit=facts.limit,
        offset=facts.offset,
        lists=lists,
        listed=longest_list(sql) if lists or "VALUES" in tokens else 0,
        ranged=asks_for_range(tokens),
        marks=tuple(reader.marks) if len(reader.marks) == tokens.count(VALUE) <= MAX_MARKS else (),
    )


def _read(sql: str) -> Reader:
    """Read as standard SQL or with MySQL's backslashes, whichever makes sense; in doubt, mask the rest."""
    reader = Reader(sql, STANDARD)
    if "\\" not in sql or (reader.doubtful < 0 and not reader.odd):
        return reader
    other = Reader(sql, BACKSLASH)
    if reader.odd != other.odd:
        return other if reader.odd else reader
    if reader.tokens == other.tokens:
        return reader
    end = min(place for place in (reader.doubtful, other.doubtful) if place >= 0)
    return Reader(f"{sql[:end]}'", STANDARD)


def _asks_for_several(tokens: list[str]) -> bool:
    for place, (word, after) in enumerate(pairwise(tokens)):
        if after == VALUE:
            if word in ("IN", "JOIN"):  # JOIN ?: a table that is handed over
                return True
        elif after in OPENING:
            if word.upper() in EXPANDING and VALUE in tokens[place:]:
                return True
        elif word.upper() == "FORMAT" and after.upper() in _BULK_FORMATS:
            return True
    return False


class _Kept(dict[str, Statement]):
    """Texts to statements: as fast as ``lru_cache``, and bounded by the texts' length as well."""

    __slots__ = ("_characters",)

    def __init__(self) -> None:
        self._characters = 0

    def __missing__(self, sql: str) -> Statement:
        statement = _describe(sql)
        if len(sql) <= LONG:
            self._characters += len(sql)
            if len(self) >= MAX_KEPT or self._characters > MAX_KEPT_CHARACTERS:
                self._forget_half()
            self[sql] = statement
        return statement

    def _forget_half(self) -> None:
        for sql in list(self)[: (len(self) + 1) // 2]:
            if self.pop(sql, None):
                self._characters -= len(sql)


_kept = _Kept()
