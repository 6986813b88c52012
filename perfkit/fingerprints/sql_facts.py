"""What a statement does, told from its tokens: verb, tables, limits. Best effort: nothing is parsed."""

from __future__ import annotations

import re
from typing import Final

from perfkit.fingerprints.sql_reader import CALL
from perfkit.fingerprints.sql_words import (
    ABOUT,
    CATALOGUE,
    CATALOGUE_VERBS,
    KEYWORDS,
    MAIN_VERBS,
    SYNONYMS,
    TRANSACTION_VERBS,
    VERBS,
)

OPENING: Final = frozenset({"(", CALL})
_STARTS_QUERY: Final = frozenset({"SELECT", "DELETE", "MERGE"})
_BEFORE_TABLE: Final = frozenset({"INTO", "JOIN", "STRAIGHT_JOIN", "TABLE", "COPY", "TRUNCATE"})
_ENDS_TABLES: Final = frozenset(
    {"EXCEPT", "FETCH", "FOR", "GROUP", "HAVING", "INTERSECT", "LIMIT", "OFFSET", "ORDER", "RETURNING", "SET"}
    | {"UNION", "VALUES", "WHERE", "WINDOW"}
)
_MARKS: Final = OPENING | _STARTS_QUERY | _BEFORE_TABLE | _ENDS_TABLES | {")", ",", "FROM", "UPDATE", "USING"}
_NOT_BEFORE_TABLES: Final = frozenset({"DISTINCT", "DO", "FOR", "KEY", "ON"})
"""Before FROM or UPDATE: IS DISTINCT FROM, FOR UPDATE, ON DUPLICATE KEY UPDATE name no table."""

_AFTER_PART: Final = frozenset({"(", "MATERIALIZED", "NOT"})
"""After the AS of a WITH's part."""

_SKIPPED: Final = frozenset({"IF", "NOT", "EXISTS", "ONLY", "LATERAL", "IGNORE", "LOW_PRIORITY", "DELAYED"})
_TRANSACTION_SETTINGS: Final = frozenset({"TRANSACTION", "AUTOCOMMIT"})
_PLAIN, _QUERY, _TABLES = range(3)
"""What is open in a parenthesis: no query; a query, in which FROM may come; its tables, parted by commas."""


class Facts:
    """``tables`` in order of appearance; whether the outermost query has ``limit`` and ``offset``."""

    __slots__ = ("_levels", "_tables", "_tokens", "limit", "offset")

    def __init__(self, tokens: list[str]) -> None:
        """``tokens`` as a Reader leaves them, with an empty one in front."""
        self.limit = self.offset = False
        self._tables: dict[str, None] = {}
        self._levels = [_PLAIN]
        self._tokens = tokens
        for place, word in enumerate(tokens):
            if word in _MARKS and (word != "," or self._levels[-1] == _TABLES):
                self._look(place, word)

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of tables, without the parts of a WITH."""
        tokens = self._tokens
        if "WITH" not in tokens:
            return tuple(self._tables)
        parts = {
            _part(tokens, place)
            for place, word in enumerate(tokens[:-1])
            if word == "AS" and tokens[place + 1] in _AFTER_PART
        }
        return tuple(table for table in self._tables if table not in parts)

    def _look(self, place: int, word: str) -> None:
        levels, tokens = self._levels, self._tokens
        if word in OPENING:
            levels.append(_PLAIN)
        elif word == ")":
            if len(levels) > 1:
                levels.pop()
        elif word in _STARTS_QUERY:
            levels[-1] = _QUERY
        elif word in _ENDS_TABLES:
            levels[-1] = min(levels[-1], _QUERY)
            if len(levels) == 1:
                self._limit(place, word)
        elif word in _BEFORE_TABLE or (word == "," and levels[-1] == _TABLES):
            self._take(place + 1)
        elif (word == "UPDATE" or levels[-1] != _PLAIN) and tokens[place - 1] not in _NOT_BEFORE_TABLES:
            levels[-1] = _TABLES
            self._take(place + 1)

    def _limit(self, place: int, word: str) -> None:
        if word == "LIMIT" or (word == "FETCH" and place > 1):
            self.limit = True
            self.offset |= self._tokens[place + 2 : place + 3] == [","]  # LIMIT 20, 10
        elif word == "OFFSET":
            self.offset = True

    def _take(self, place: int) -> None:
        """Note the table named at ``place``; a call there is none, unless it reads SQLite's catalogue."""
        tokens = [*self._tokens[place : place + 12], ""]
        names: list[str] = []
        while tokens[0] in _SKIPPED:
            tokens.pop(0)
        while name := _name(tokens[0]):
            names.append(name)
            if len(tokens) < 3 or tokens[1] != ".":
                break
            del tokens[:2]
        table = ".".join(names)
        if table and (tokens[1:2] != [CALL] or table.lower().startswith("pragma_")):
            self._tables[table] = None


_QUOTES: Final = re.compile(r'["`\[\]]')


def _name(word: str) -> str:
    """The name that a token is, without its quotes; "" if it is none."""
    if word in KEYWORDS or not word:
        return ""
    if "." in word or (word[0] in '"`[' and len(word) > 1):
        return _QUOTES.sub("", word)
    return word if f"_{word.replace('$', '_')}".isidentifier() else ""


def _part(tokens: list[str], place: int) -> str:
    """The part of a WITH that is named before the AS at ``place``; its columns may lie between."""
    place -= 1
    if tokens[place] == ")":
        while place > 1 and tokens[place] not in OPENING:
            place -= 1
        place -= 1
    return _name(tokens[place])


def verb_of(tokens: list[str]) -> str:
    """What a script's first statement of weight does; "" if that is unknown.

    >>> verb_of(["", "WITH", "a", "AS", "(", "SELECT", "?", ")", "DELETE", "FROM", "b"])
    'DELETE'
    """
    if ";" not in tokens:
        return _verb(tokens)
    ends = [place for place, word in enumerate(tokens) if word == ";"]
    parts = [tokens[start:end] for start, end in zip([0, *ends], [*ends, len(tokens)], strict=True)]
    verbs = [verb for verb in map(_verb, parts) if verb]
    return next((verb for verb in verbs if verb not in TRANSACTION_VERBS), verbs[0] if verbs else "")


def _verb(tokens: list[str]) -> str:
    first = next((word for word in tokens if word not in OPENING and word not in ("", ";")), "")
    if first == "WITH":
        return _main_verb(tokens)
    verb = SYNONYMS.get(first, first)
    return verb if verb in VERBS else ""


def _main_verb(tokens: list[str]) -> str:
    depth = 0
    for word in tokens:
        if word in OPENING:
            depth += 1
        elif word == ")":
            depth -= 1
        elif depth <= 0 and word in MAIN_VERBS:
            return word
    return "SELECT"


def kind_of(verb: str, tables: tuple[str, ...], tokens: list[str]) -> str:
    """What a statement is about: "query", "transaction", or "catalogue" (what there is, not its rows)."""
    if verb in TRANSACTION_VERBS or (verb == "SET" and "".join(tokens[2:3]).upper() in _TRANSACTION_SETTINGS):
        return "transaction"
    if verb in CATALOGUE_VERBS or (tables and all(map(CATALOGUE.fullmatch, tables))):
        return "catalogue"
    return "catalogue" if not tables and any(map(ABOUT.fullmatch, tokens)) else "query"


_LIST: Final = re.compile(r"\bIN\s*\(([^()]*+)\)", re.IGNORECASE)
_ROWS: Final = re.compile(r"\bVALUES\s*\(", re.IGNORECASE)
_NEXT_ROW: Final = re.compile(r"\)\s*,\s*\(")
_RANGES: Final = frozenset({"<", ">", "<=", ">=", "BETWEEN"})


def longest_list(sql: str) -> int:
    """How many values the longest IN list of ``sql`` has, or rows its VALUES; commas in texts count, too.

    >>> longest_list("SELECT * FROM t WHERE id IN (1, 2, 3)"), longest_list("INSERT INTO t VALUES (?), (?)")
    (3, 2)
    """
    longest = max((found[1].count(",") + 1 for found in _LIST.finditer(sql)), default=0)
    rows = _ROWS.search(sql)
    if rows is not None:
        longest = max(longest, 1 + sum(1 for _ in _NEXT_ROW.finditer(sql, rows.end())))
    return longest


def asks_for_range(tokens: list[str]) -> bool:
    """Whether a value is compared with by order: what pages by key and chunks by range do."""
    return any(word in _RANGES and "?" in tokens[place + 1 : place + 3] for place, word in enumerate(tokens))
