"""The tokens of SQL as SQLite, PostgreSQL and MySQL have them, and which of them are values.

Every alternative is possessive or ends at the text's end, so no text is read more than a few times.
"""

from __future__ import annotations

import re
from typing import NamedTuple

COMMENT_EDGE = re.compile(r"/\*|\*/")

_SPACE = r"[\s\x00-\x1f]*+"
_NOT_AFTER_OPERAND = r"(?<![\w\])\"`'?])"
_WORD = r"[^\W\d][\w$]*+"
_NUMBER = r"(?:0[xX][0-9a-fA-F_]++(?!\w)|\d[\w.]*+(?:(?<=\d[eE])[+-]\d++)?+)"
_ESCAPED_TEXT = r"[eE]'(?:[^'\\]++|''|\\.)*+'"
_DOLLAR_QUOTED = r"\$(?P<tag>(?:[^\W\d]\w*+)?+)\$.*?\$(?P=tag)\$"
_PLACEHOLDER = (
    r"\?(?![|&](?![|&]))\d*+|\$\w++(?!\$)|@[\w$]++"
    rf"|{_NOT_AFTER_OPERAND}(?:%(?:\([^()]*+\))?+[sdbt]\b|:[^\W\d]\w*+|(?<!\[):\d++)"
)
_OPERATOR = (
    r"->>?|#>>?|#-(?!-)|@>|<@|@@|@\?|\?[|&]|::|:=|=>|<=>|<->|<\#>|<\+>|<>|<=|>=|<<|>>|!=|==|\|\|(?:/(?!\*))?|&&"
    r"|!?~~?\*?|\^@|-\|-(?!-)|%%|[^\w\s]"
)
_COMMENT = r"--[^\n\r]*+|\#(?!>|-(?!-))[^\n\r]*+|/\*(?:[^*/]++|\*(?!/)|/(?!\*))*+\*/"

GENERATED = re.compile(
    r"s\d+_x\d+|_django_curs_\w+"  # Django
    r"|sa_savepoint_\d+|c_[0-9a-f]{6,16}_[0-9a-f]+"  # SQLAlchemy
    r"|_pg3_\w+|__asyncpg_\w+__"  # psycopg, asyncpg
)
"""Names of savepoints, cursors and prepared statements that libraries number themselves."""


class Dialect(NamedTuple):
    """``token`` matches the next one with the space before it; the runs match what a list may repeat:
    single values, or rows of them, each with the comma behind it.
    """  # noqa: D205

    token: re.Pattern[str]
    values: re.Pattern[str]
    rows: re.Pattern[str]


def _dialect(*, backslash: bool) -> Dialect:
    single, double = (rf"{quote}(?:{_inside(quote, backslash)})*+{quote}" for quote in "'\"")
    text = rf"(?:[nNxXbB]|[uU]&)?+{single}"
    dotted = rf"(?:\.(?:{_WORD}|{double}))*+"
    groups = {
        "generated": rf"(?:{GENERATED.pattern})(?![\w$]|\.(?!\.))",
        "word": rf"{_WORD}{dotted}(?!['&])",
        "comma": ",",
        "mark": r"[();\]]|\.{3}|\.(?!\d)|(?<=[\w\])\"`])\.",
        "value": rf"{text}|{_ESCAPED_TEXT}|{_NUMBER}|\.{_NUMBER}|{_DOLLAR_QUOTED}|{_PLACEHOLDER}",
        "quoted": rf"{double}{dotted}",
        "kept": r"`(?:[^`]++|``)*+`|\[[^\W\d]\w*+(?: \w++)*+\]",
        "comment": rf"{_COMMENT}|\Z",
        "nested": r"/\*",
        "open": r"(?:[nNxXbBeE]|[uU]&)?+['\"`].*+|\$(?:[^\W\d]\w*+)?+\$.*+",
        "word2": _WORD,
        "operator": _OPERATOR,
    }
    token = "|".join(f"(?P<{name}>{pattern})" for name, pattern in groups.items())
    value = rf"(?:{text}|{_ESCAPED_TEXT}|[-+]?+(?:{_NUMBER}|\.{_NUMBER})|{_PLACEHOLDER}|(?i:TRUE|FALSE)\b)"
    entry = rf"{_SPACE}(?:{value}|(?i:NULL)\b){_SPACE}"
    return Dialect(
        re.compile(rf"{_SPACE}(?:{token})", re.DOTALL),
        re.compile(rf"(?:{_SPACE}{value}{_SPACE},)*+", re.DOTALL),
        re.compile(rf"(?:{_SPACE}\({entry}(?:,{entry})*+\){_SPACE},)*+", re.DOTALL),
    )


def _inside(quote: str, backslash: bool) -> str:
    return rf"[^{quote}\\]++|{quote}{quote}|\\." if backslash else rf"[^{quote}]++|{quote}{quote}"


STANDARD = _dialect(backslash=False)
BACKSLASH = _dialect(backslash=True)
"""MySQL's texts: a backslash takes the next character's meaning away."""
