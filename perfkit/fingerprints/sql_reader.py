"""SQL read once, from left to right, into tokens with values masked and lists cut short."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final

from perfkit.fingerprints.names import is_key
from perfkit.fingerprints.sql_lists import MORE, VALUE, Entries, Row, Rows
from perfkit.fingerprints.sql_tokens import COMMENT_EDGE, GENERATED, STANDARD, Dialect
from perfkit.fingerprints.sql_words import BEFORE_NAMES, CALLED, FOLLOWING, KEYWORDS, OPERANDS, TRUTHS

_PLACEHOLDER: Final = re.compile(r"[?%:@]|\$\d")
"""How what stands for a parameter begins; PostgreSQL's texts begin with a dollar, too."""

MAX_TOKENS: Final = 20_000
"""What lies behind is cut off. Only texts far above 64 KiB have as many: entries of lists hardly count."""

CALL: Final = "\x01("
"""The parenthesis of a call, close to the function's name."""

SUBSCRIPT: Final = "\x01["
_SIGNS: Final = {"-": "\x03-", "+": "\x03+"}
_SIGNED: Final = frozenset(_SIGNS.values())
_BEFORE_COLUMNS: Final = frozenset({"INTO", "TABLE", "EXISTS", "REFERENCES", "COPY", "WITH", "RECURSIVE"})
_LITERALS: Final = TRUTHS | {"NULL"}
_PLAIN_KEYWORDS: Final = KEYWORDS - OPERANDS - _LITERALS - FOLLOWING.keys()
_COLONS: Final = frozenset({":", "::"})
_NUMBERED_NAME: Final = re.compile(r"\d\w*[^\W\d_]\w*")
"""What MySQL takes for a name, such as 2024_orders."""

_TIGHT: Final = (
    *(("\0\x01", ""), ("\0,", ","), ("(\0", "("), ("\0)", ")"), ("\0.", "."), (".\0", "."), ("\0;", ";")),
    *(("\0::", "::"), ("::\0", "::"), ("[\0", "["), ("\0]", "]"), ("\0", " "), ("\x01", "")),
    *((MORE, "..."), ("\x03", "")),
)


def shown(tokens: list[str]) -> str:
    """The tokens as one line; what they carry beyond their text is taken out.

    >>> shown(["SELECT", "count", CALL, "*", ")", "FROM", "a", ".", "b"])
    'SELECT count(*) FROM a.b'
    """
    text = "\0".join(tokens)
    for mark, tight in _TIGHT:
        text = text.replace(mark, tight)
    return text


class Reader:
    """Reads one text. ``tokens`` start with an empty one, so that there always is one before.

    ``lists``: a list of values was asked for. ``marks``: of each value its placeholder, "" for a
    literal. ``odd``: the text makes no sense in this dialect. ``doubtful``: where the first text
    starts that another dialect may end elsewhere (-1: none).
    """

    __slots__ = (
        *("_dialect", "_frames", "_operand", "_rows", "_sql", "_unnested", "_wary"),
        *("doubtful", "lists", "marks", "odd", "tokens"),
    )

    def __init__(self, sql: str, dialect: Dialect) -> None:
        self.tokens = [""]
        self.lists = self.odd = False
        self.marks: list[str] = []
        self.doubtful = -1
        self._sql = sql
        self._dialect = dialect
        self._wary = "\\" in sql
        self._operand = False  # whether the last token ends an operand, so that a sign is no part of a value
        self._frames: list[Entries | Row | None] = []
        self._rows: Rows | None = None
        self._unnested = False
        self._read()

    def _read(self) -> None:
        sql, token = self._sql, self._dialect.token
        tokens, frames = self.tokens, self._frames
        append = tokens.append
        budget = iter(range(MAX_TOKENS)) if len(sql) > MAX_TOKENS else None
        position = -1
        while position:
            start, position = max(position, 0), 0
            matches: Iterator[re.Match[str]] = token.finditer(sql, start)
            if budget:
                matches = (match for _, match in zip(budget, matches, strict=False))
            for match in matches:
                group = match.lastindex
                text = match[group]  # type: ignore[index]  # some group has matched
                # most tokens are names, plain keywords and commas, so they are spared the handler's call
                if group == _WORD:
                    upper = text.upper()
                    if upper not in KEYWORDS:
                        append(text)
                        self._operand = True
                        continue
                    if upper in _PLAIN_KEYWORDS and tokens[-1] != ".":
                        append(upper)
                        self._operand = False
                        continue
                elif group == _COMMA and not frames and not self._rows:
                    append(",")
                    self._operand = False
                    continue
                position = _HANDLERS[group](self, text, match)
                if position:
                    break
        self.odd |= bool(frames)
        if budget and next(budget, None) is None:
            self._cut_off()

    def _cut_off(self) -> None:
        for opened in self._frames:
            if opened:
                opened.cut_off(self.tokens)
                break
        if self.tokens[-1] != MORE:
            self.tokens.append(MORE)

    def _word(self, text: str, match: re.Match[str]) -> int:
        tokens = self.tokens
        last = tokens[-1]
        upper = text.upper()
        if last == ".":  # one token, lest it is taken for the keyword later
            tokens[-2:] = [f"{tokens[-2]}.{text}"]
            self._operand = True
        elif upper not in KEYWORDS or last not in FOLLOWING.get(upper, (last,)):
            tokens.append(text)
            self._operand = True
        elif upper in _LITERALS and self._is_literal(upper, last):
            return self._value(text, match)
        else:
            tokens.append(upper)
            self._operand = upper in OPERANDS
        return 0

    def _is_literal(self, word: str, last: str) -> bool:
        """``IS TRUE`` and ``IS NULL`` are structure; NULL in a row of VALUES is a value."""
        if word == "NULL":
            return last in ("(", ",") and bool(self._frames) and isinstance(self._frames[-1], Row)
        return last not in ("IS", "NOT")

    def _value(self, text: str, match: re.Match[str]) -> int:
        tokens = self.tokens
        while tokens[-1] in _SIGNED:
            tokens.pop()
        named = tokens[-1] in BEFORE_NAMES and _NUMBERED_NAME.fullmatch(text)
        tokens.append(text if named else VALUE)
        self.marks.append(text if _PLACEHOLDER.match(text) else "")
        self._operand = True
        if self._wary:
            self._suspect(text, match)
        return 0

    def _suspect(self, text: str, match: re.Match[str]) -> None:
        """Where a backslash stands before a quote, dialects disagree on the text's end."""
        if text[-1] not in "'\"":
            return
        end = match.end()
        start = end - len(text)
        around = self._sql[max(start - 1, 0) : start] + self._sql[end : end + 1]
        if self.tokens[-2] in (")", VALUE) or any(letter.isalnum() or letter == "_" for letter in around):
            self.odd = True
        if self.doubtful < 0 and text[0] not in "eE" and f"\\{text[-1]}" in text:
            self.doubtful = start

    _word2 = _word  # a word where another alternative could have begun
    _generated = _value

    def _quoted(self, text: str, match: re.Match[str]) -> int:
        nature = _nature(text)
        if nature is _NAME or (nature is _TEXT and text.isprintable() and self.tokens[-1] in _NAMED):
            self.tokens.append(text)
            self._operand = True
            if self._wary:
                self._suspect(text, match)
            return 0
        return self._value(text, match)

    def _kept(self, text: str, match: re.Match[str]) -> int:
        if text[0] == "[" and (self._operand or self.tokens[-1] in ("ARRAY", "[", SUBSCRIPT)):
            self._open_bracket()
            for word in text[1:-1].split():
                self._word(word, match)
            self._close("]")
            return 0
        if not text.isprintable():
            return self._value(VALUE, match)
        self.tokens.append(text)
        self._operand = True
        return 0

    def _mark(self, text: str, match: re.Match[str]) -> int:
        if text == "(":
            self._open_parenthesis()
        elif text == ")" or text == "]":
            self._close(text)
        elif text == "...":
            self._more()
        elif text == ";" or self._operand:  # a dot behind nothing is dropped
            self.tokens.append(text)
            self._operand = False
        return 0

    def _open_parenthesis(self) -> None:
        tokens = self.tokens
        last = tokens[-1]
        opened: Entries | Row | None = None
        tight = last in CALLED
        if self._operand:
            tight = not self._names_columns()
        elif last == "IN":
            opened = Entries(len(tokens) + 1)
        elif last == "VALUES" and self._starts_rows(tokens[-2]):
            opened = Row(len(tokens), Rows(len(self._frames)))
        elif last == "," and self._rows and self._rows.go_on(tokens, len(self._frames)):
            opened = Row(len(tokens), self._rows)
        self._frames.append(opened)
        tokens.append(CALL if tight else "(")
        self._operand = False

    @staticmethod
    def _starts_rows(before: str) -> bool:
        """Whether VALUES behind ``before`` is no function, as it is in MySQL's ``a = VALUES(a)``."""
        return before in ("", "(", ")", ";") or before[-1].isalnum() or before[-1] in '_$"`]'

    def _names_columns(self) -> bool:
        """Whether the last token ends a table's name whose columns follow."""
        tokens, place = self.tokens, -2
        while tokens[place] == "." and place - 2 >= -len(tokens):
            place -= 2
        return tokens[place] in _BEFORE_COLUMNS

    def _open_bracket(self) -> None:
        last = self.tokens[-1]
        array = not self._operand
        self.tokens.append(SUBSCRIPT if self._operand or last == "ARRAY" else "[")
        self._frames.append(Entries(len(self.tokens)) if array else None)
        self._operand = False

    def _close(self, text: str) -> None:
        tokens = self.tokens
        opened = self._frames.pop() if self._frames else None
        if opened is None:
            tokens.append(text)
        elif isinstance(opened, Entries):
            opened.close(tokens)
            self.lists |= opened.cut and text == ")"
            tokens.append(text)
        else:
            tokens.append(text)
            opened.rows.add(tokens, opened.start)
            self._rows = opened.rows
        self._operand = True

    def _comma(self, text: str, match: re.Match[str]) -> int:
        tokens, rows = self.tokens, self._rows
        opened = self._frames[-1] if self._frames else None
        run: re.Pattern[str] | None = None
        if isinstance(opened, Entries) and opened.end_entry(tokens):
            run = self._dialect.values
        tokens.append(",")
        self._operand = False
        if rows and rows.plain and rows.go_on(tokens, len(self._frames)):
            run = self._dialect.rows
        return _end_of(run, match) if run else 0

    def _more(self) -> None:
        if self.tokens[-1] == "," and self._rows and self._rows.go_on(self.tokens, len(self._frames)):
            self.tokens.pop()
        elif self.tokens[-1] != ".":
            self.tokens.append(MORE)
        self._operand = self.tokens[-1] == MORE

    def _operator(self, text: str, match: re.Match[str]) -> int:
        if text == "[":
            self._open_bracket()
        elif text in ("?|", "?&") and not self._operand:
            self._value(VALUE, match)
            self.tokens.append(text[1])
            self._operand = False
        elif text < "\x7f" and not (text in _COLONS and self.tokens[-1] in _COLONS):
            self.odd |= text == "\\"
            self.tokens.append(text if self._operand else _SIGNS.get(text, text))
            self._operand = False
        return 0

    def _comment(self, text: str, match: re.Match[str]) -> int:
        return 0

    def _nested(self, text: str, match: re.Match[str]) -> int:
        """PostgreSQL's comments nest; one that would never end stops at the first mark, as others' do."""
        depth = 1
        for edge in () if self._unnested else COMMENT_EDGE.finditer(self._sql, match.end()):
            depth += 1 if edge[0] == "/*" else -1
            if not depth:
                return edge.end()
        self._unnested = True
        end = self._sql.find("*/", match.end())
        return end + 2 if end >= 0 else len(self._sql)

    def _open(self, text: str, match: re.Match[str]) -> int:
        """A text without an end, masked to the end of everything."""
        self.odd = True
        if self.doubtful < 0:
            self.doubtful = match.end() - len(text)
        return self._value(VALUE, match)


_WORD: Final = STANDARD.token.groupindex["word"]
_COMMA: Final = STANDARD.token.groupindex["comma"]
_HANDLERS: Final[dict[int | None, Callable[[Reader, str, re.Match[str]], int]]] = {
    number: getattr(Reader, f"_{name}") for name, number in STANDARD.token.groupindex.items() if name != "tag"
}
"""What to do with the token that a group found; the answer is where to go on, 0: behind it."""


def _end_of(run: re.Pattern[str], comma: re.Match[str]) -> int:
    """Where a run of plain values behind a comma ends: 0 if there are none."""
    found = run.match(comma.string, comma.end())
    return found.end() if found and found[0] else 0


_NAME: Final = "name"
_TEXT: Final = "text"
_GENERATED: Final = "generated"
_ONE_NAME: Final = re.compile(r'"(?:[^"]++|"")*+"')
_NAMED: Final = BEFORE_NAMES | {"."}


@lru_cache(maxsize=4096)
def _nature(text: str) -> str:
    """What a text in double quotes is by its looks; _GENERATED is masked wherever it stands."""
    if "\\" in text:
        return _GENERATED
    if not _ONE_NAME.fullmatch(text):  # "a"."b"
        return _NAME if text.isprintable() else _GENERATED
    if GENERATED.fullmatch(text, 1, len(text) - 1):
        return _GENERATED
    return _NAME if is_key(text[1:-1]) else _TEXT
