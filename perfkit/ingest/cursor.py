"""JSON read piece by piece: a document of any size, while no more than one of its values is held.

The caller walks: ``elements`` and ``fields`` step into an array or object, ``value`` takes the next value
whole, ``skip`` steps over it. A text may hold several documents, one after another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from perfkit.model.plain import plain

MAX_VALUE = 8 * 1024 * 1024
"""Characters of a value that is taken whole. A longer one, some thousand times a usual span, is left out."""

MAX_DEPTH = 10_000

_SLACK = 16
"""A word or number that the end of the text cuts is shorter; a mistake further ahead of it is one."""

_SPACE = re.compile(r"[ \t\r\n]*")
_BRACKET_OR_QUOTE = re.compile(r'["\[\]{}]')
_QUOTE_OR_ESCAPE = re.compile(r'["\\]')
_END_OF_WORD = re.compile(r"[\s,\]}]")


class UnreadableError(Exception):
    """The walk cannot go on as it was meant to; the text says why."""


class EndsEarlyError(UnreadableError):
    """The text ends in the middle of a value."""


class NoJsonError(UnreadableError):
    """What follows is no JSON."""


class OddValueError(UnreadableError):
    """A value was too large or nested too deeply to be taken; it has been stepped over."""


def _whole_number(digits: str) -> int | float:
    return int(digits) if len(digits) < 100 else float(digits)


_strict = json.JSONDecoder().raw_decode
_lenient = json.JSONDecoder(strict=False, parse_int=_whole_number).raw_decode


class Cursor:
    """A place in a text that comes in ``chunks``. ``passed`` counts the characters that are behind it."""

    def __init__(self, chunks: Iterator[str], max_value: int = MAX_VALUE) -> None:
        self._chunks = chunks
        self._max_value = max_value
        self._text = ""
        self._at = 0
        self._ended = False
        self._behind = 0

    @property
    def passed(self) -> int:
        """Characters of the text in front of this place."""
        return self._behind + self._at

    def peek(self) -> str:
        """The next character that is no space; "" at the end of the text."""
        while True:
            self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._fill():
                return ""

    def elements(self) -> Iterator[None]:
        """Step into an array: once per element, which the caller takes or steps over."""
        self._expect("[")
        while self.peek() != "]":
            yield
            if self.peek() == ",":
                self._at += 1  # also behind the last element
            elif self.peek() != "]":
                raise self._cut_or("a comma or the end of an array")
        self._at += 1

    def fields(self) -> Iterator[str]:
        """Step into an object: each of its keys, whose value the caller takes or steps over."""
        self._expect("{")
        while self.peek() != "}":
            key = self.value()
            if not isinstance(key, str):
                raise NoJsonError("a key of an object is no text")
            self._expect(":")
            yield key
            if self.peek() == ",":
                self._at += 1
            elif self.peek() != "}":
                raise self._cut_or("a comma or the end of an object")
        self._at += 1

    def value(self) -> Any:
        """The next value, without lone surrogates. Raises OddValueError behind one too large to take."""
        self.peek()
        while True:
            try:
                value, end = self._decode()
            except RecursionError:
                self.skip()
                raise OddValueError("nested too deeply") from None
            except json.JSONDecodeError as error:
                if not self._is_cut(error):
                    raise NoJsonError(error.msg) from None
            else:
                # what follows may belong to a number, too
                if not isinstance(value, (int, float)) or end < len(self._text) - _SLACK or self._ended:
                    return self._taken(value, end)
            if len(self._text) - self._at > self._max_value:
                self.skip()
                raise OddValueError("longer than 8 MB")
            if self._ended:
                raise EndsEarlyError("the text ends in the middle of a value")
            self._fill()

    def skip(self) -> None:
        """Step over the next value, however long it is, without holding it."""
        first = self.peek()
        if first not in ('"', "[", "{"):
            if first in ("", ",", "]", "}", ":"):
                raise self._cut_or("a value")
            self._seek(_END_OF_WORD, may_end=True)
            return
        depth = 0
        while True:
            match = self._seek(_BRACKET_OR_QUOTE)
            self._at += 1
            if match == '"':
                self._leave_text()
            else:
                depth += 1 if match in "[{" else -1
            if depth <= 0:
                return
            if depth > MAX_DEPTH:
                raise NoJsonError("brackets are nested ten thousand deep")

    def seek(self, pattern: re.Pattern[str], overlap: int) -> bool:
        """Go on to where ``pattern``, of at most ``overlap`` characters, matches next; False at the end.

        Space directly in front of this place may be part of the match.
        """
        while self._at > 0 and self._text[self._at - 1].isspace():
            self._at -= 1
        while True:
            match = pattern.search(self._text, self._at)
            if match is not None:
                self._at = match.start()
                return True
            self._at = max(self._at, len(self._text) - overlap)
            if not self._fill():
                return False

    def _decode(self) -> tuple[Any, int]:
        try:
            return _strict(self._text, self._at)
        except RecursionError:
            raise
        except json.JSONDecodeError as error:
            if not error.msg.startswith("Invalid control character"):
                raise
        except ValueError:
            pass  # a number with thousands of digits
        return _lenient(self._text, self._at)

    def _is_cut(self, error: json.JSONDecodeError) -> bool:
        """Whether more text could mend it."""
        return error.msg.startswith("Unterminated string") or error.pos >= len(self._text) - _SLACK

    def _taken(self, value: Any, end: int) -> Any:
        text, start = self._text, self._at
        self._at = end
        if end - start > self._max_value:
            raise OddValueError("longer than 8 MB")
        surrogates = text.find("\\ud", start, end) >= 0 or text.find("\\uD", start, end) >= 0
        return plain(value) if surrogates else value

    def _expect(self, character: str) -> None:
        if self.peek() != character:
            raise self._cut_or(repr(character))
        self._at += 1

    def _cut_or(self, expected: str) -> UnreadableError:
        found = self.peek()
        if not found:
            return EndsEarlyError("the text ends in the middle of a value")
        return NoJsonError(f"{expected} was expected, not {found!r}")

    def _leave_text(self) -> None:
        """Go behind the quote that ends the text this place is in."""
        while self._seek(_QUOTE_OR_ESCAPE) == "\\":
            self._at += 2
        self._at += 1

    def _seek(self, pattern: re.Pattern[str], *, may_end: bool = False) -> str:
        """Go on to the next match of a single character."""
        while True:
            match = pattern.search(self._text, self._at) if self._at < len(self._text) else None
            if match is not None:
                self._at = match.start()
                return match[0]
            beyond = max(0, self._at - len(self._text))
            self._at = len(self._text)
            if not self._fill():
                if may_end:
                    return ""
                raise EndsEarlyError("the text ends in the middle of a value")
            self._at = beyond

    def _fill(self) -> bool:
        """Drop what is behind, and add at least as much as is left, so that long values cost no more."""
        kept = self._text[self._at :]
        parts, got = [kept], 0
        for chunk in self._chunks:
            parts.append(chunk)
            got += len(chunk)
            if got > len(kept):
                break
        else:
            self._ended = True
        self._behind += min(self._at, len(self._text))
        self._text, self._at = "".join(parts), 0
        return got > 0
