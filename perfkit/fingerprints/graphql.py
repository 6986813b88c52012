"""What a GraphQL document calls: its operation's name, or the fields that one without a name asks for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import chain
from typing import Any

from perfkit.fingerprints.names import is_method

MAX_CHARACTERS = 16 * 1024
"""What lies behind is not read: the operation comes first, mostly."""

MAX_FIELDS = 5
"""An operation without a name is called after as many fields at most."""

_OPERATIONS = frozenset({"query", "mutation", "subscription"})
_START = re.compile(r"(?:[\s,\ufeff]++|#[^\n\r]*+)*+(?:\{|(?:query|mutation|subscription|fragment)\b)")
_TOKEN = re.compile(
    r'"""(?:[^"\\]++|\\.|"(?!""))*+(?:"""|\Z)|"(?:[^"\\\n]++|\\.)*+"?|#[^\n\r]*+'
    r"|(?P<kept>\.{3}|[_A-Za-z]\w*+|[{}():@])",
    re.DOTALL | re.ASCII,
)


def operation_in(data: Mapping[Any, Any]) -> str:
    """What is called by a GraphQL request's body, or by the keys and values of its URL; "" if it is none.

    >>> operation_in({"query": "mutation { rename(id: 5) { id } }"})
    'mutation{rename}'
    >>> operation_in({"query": "two words"})
    ''
    """
    document, name = data.get("query"), data.get("operationName")
    known = document is None and ("variables" in data or "extensions" in data)  # to the server, by its hash
    found = operation_of(document) if isinstance(document, str) else ""
    return str(name) if (found or known) and is_method(name) else found


@lru_cache(maxsize=256)
def operation_of(document: str) -> str:
    """Name of the first operation; for one without a name its kind and fields; "" if this is no GraphQL.

    >>> operation_of("query User($id: ID!) { user(id: $id) { name } }")
    'User'
    >>> operation_of("{ me: user(id: 5) { name } orders { id } }")
    'query{user,orders}'
    """
    if not _START.match(document):
        return ""
    words = (match["kept"] for match in _TOKEN.finditer(document[:MAX_CHARACTERS]) if match["kept"])
    for word in words:
        if word == "{":
            return _called("query", _fields(chain(word, words)))
        if word in _OPERATIONS:
            name = next(words, "")
            if name.isidentifier() and is_method(name):
                return name
            return _called(word, _fields(chain([name], words)))
        _fields(words)  # a fragment's
    return ""


def _called(kind: str, fields: list[str]) -> str:
    named = [field for field in dict.fromkeys(fields) if is_method(field)]
    more = ["..."] if len(named) > MAX_FIELDS else []
    return f"{kind}{{{','.join(named[:MAX_FIELDS] + more)}}}" if named else ""


def _fields(words: Iterable[str]) -> list[str]:
    """Fields between the next braces, without their aliases, arguments, directives and own fields."""
    fields: list[str] = []
    braces = parentheses = 0
    before = ""
    for word in words:
        parentheses += (word == "(") - (word == ")")
        if parentheses > 0 or (word == "on" and before == "..."):
            continue
        braces += (word == "{") - (word == "}")
        if word == "}" and braces <= 0:
            break
        if braces == 1 and word == ":" and fields:
            fields.pop()
        elif braces == 1 and word.isidentifier() and before not in ("@", "..."):
            fields.append(word)
        before = word
    return fields
