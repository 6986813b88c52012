"""Which texts are names a programmer chose, safe to keep, and which may be values or secrets.

Without a dictionary this is a judgement by shape: letters in one case or in camelCase humps that could be
spoken, few digits. What is in doubt is no name.
"""

from __future__ import annotations

import re
from functools import lru_cache

UNNAMED = "?"
"""Stands for a key that is no name."""

LONGEST_KEY = 80
LONGEST_NAME = 60
SHORT_WORD = 12
"""Words of one case up to this length are taken as they are; longer ones must look speakable."""

LONG_WORD = 16
"""From this length on a word that is no plain one is taken for a token."""

_KEY = re.compile(r"[<>=!%@]{0,3}[A-Za-z_$][\w.$:-]*(?:\[[<>=!%@]{0,3}[\w.$:-]*\])*", re.ASCII)
_CUSTOM_FIELD = re.compile(
    r"(?<![A-Za-z0-9])(?:UF_[A-Z_]{1,24}_[0-9A-F]{1,13}|ufCrm\d{0,4}_?\d{1,13}|customfield_\d{1,13})(?![A-Za-z0-9_])"
)
"""Fields that users add get numbers for names: in Bitrix24 from the time, in Jira one after another."""

_VERSION = re.compile(r"v\d{1,3}(?:\.\d{1,3}){0,2}(?:(?:alpha|beta|rc)\d?)?", re.IGNORECASE)
_NUMBERED = re.compile(r"[a-z]{2,8}\d")
_NUMBERED_KEY = re.compile(r"([A-Za-z]{1,16})\d{1,4}|[a-z]{1,10}\d{1,3}[a-z]{1,10}")
_CAMEL = re.compile(r"(?:[A-Z]{2,4}(?=[A-Z][a-z]))?[A-Z]?[a-z]+(?:[A-Z][a-z]+)*(?:[A-Z]{2,4}s?)?")
_HUMP = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+")
_UNSPEAKABLE = re.compile(
    r"[^aeiouy]{5}|[aeiouy]{5}|q[^u]|[jvz][^aeiouylzrs]|[cfghjkmpqtvwxz][jqvx]"  # pairs hardly any word has
)
_VOWELS = re.compile("[aeiouy]")
_ACRONYMS = frozenset({"ctrl", "grpc", "html", "http", "https", "mgmt", "mqtt", "msgs", "smtp"})
_METHOD = re.compile(r"[\w./:-]{1,100}", re.ASCII)
_RUN = re.compile(r"[A-Za-z]+|[0-9]+")
_DOTTED = re.compile(r"[a-z0-9_]+(?:\.[a-z0-9_]+)+", re.ASCII | re.IGNORECASE)


def is_word(text: str) -> bool:
    """Whether ``text`` is one plain word of letters.

    >>> [is_word(text) for text in ("users", "getUserById", "ID", "AbCdEfGhIjKlMnOp")]
    [True, True, True, False]
    """
    if not (text.isascii() and text.isalpha()) or len(text) > 40:
        return False
    if text.islower() or text.isupper() or text[1:].islower():
        return len(text) <= SHORT_WORD or (len(text) <= 22 and _speakable(text, 0.3))
    if not _CAMEL.fullmatch(text):
        return False
    humps = _HUMP.findall(text)
    each = 2.5 if len(text) < LONG_WORD else 4
    return len(text) >= each * len(humps) and all(hump.isupper() or _speakable(hump) for hump in humps)


def is_name(text: str) -> bool:
    """Whether ``text`` is a plain name: words between ``_``, ``-`` and ``.``, or a version such as ``v1``.

    >>> [is_name(text) for text in ("crm.lead.list", "oauth2", "SKU-1001", "me@example.com")]
    [True, True, False, False]
    """
    if len(text) > LONGEST_NAME:
        return False
    words = re.split(r"[_.-]", text.removeprefix("$").lstrip("_."))
    return bool(_VERSION.fullmatch(text)) or all(
        is_word(word) or _NUMBERED.fullmatch(word) or _VERSION.fullmatch(word) for word in words
    )


@lru_cache(maxsize=4096)
def is_key(text: str) -> bool:
    """Whether ``text`` is identifier-like, as the keys of forms, queries and JSON are.

    >>> [is_key(text) for text in ("filter[>=ID]", "UF_CRM_1714567890", "17", "dGVzdA")]
    [True, True, False, False]
    """
    if len(text) > LONGEST_KEY:
        return False
    if text == "_":
        return True
    text = _CUSTOM_FIELD.sub("field", text)
    words = [word for word in re.split(r"[^A-Za-z0-9]+", text) if word]
    return bool(_KEY.fullmatch(text) and words) and all(_is_key_word(word) for word in words)


def kept_key(key: object) -> str:
    """The key itself if it is a name, else UNNAMED."""
    text = str(key)
    return text if is_key(text) else UNNAMED


def is_method(text: object) -> bool:
    """Whether ``text`` may name a remote procedure or a GraphQL operation: tame, and no token."""
    return isinstance(text, str) and bool(_METHOD.fullmatch(text)) and not _has_token(text)


def is_dotted_method(text: object) -> bool:
    """Whether ``text`` is a method name as Bitrix24 has them, such as ``crm.lead.list``."""
    return is_method(text) and bool(_DOTTED.fullmatch(str(text)))


def _is_key_word(word: str) -> bool:
    numbered = _NUMBERED_KEY.fullmatch(word)
    if numbered:
        return numbered[1] is None or is_word(numbered[1])
    return is_word(word) or (word.isdigit() and len(word) <= 4)


def _has_token(text: str) -> bool:
    """Whether a run of letters and digits in ``text`` is too long and too wild for a word."""
    return any(
        (len(word) >= LONG_WORD and not is_word(word))
        or sum(map(str.isdigit, word)) >= 5
        or len(_RUN.findall(word)) >= 5
        for word in re.split(r"[^A-Za-z0-9]+", text)
    )


def _speakable(word: str, least_vowels: float = 0.16) -> bool:
    lower = word.lower()
    if lower in _ACRONYMS:
        return True
    vowels = len(_VOWELS.findall(lower))
    return not _UNSPEAKABLE.search(lower) and (len(word) < 4 or vowels >= len(word) * least_vowels)
