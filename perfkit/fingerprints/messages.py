"""The message of an exception without the secrets that libraries write into theirs."""

from __future__ import annotations

import re

from perfkit.fingerprints.urls import describe_url

MAX_LOOKED_AT = 4_000
"""Characters of a message that are looked at; the rest is dropped."""

_STATEMENT = re.compile(r"\[SQL: .*", re.DOTALL)
"""What SQLAlchemy adds to an error: the statement and its parameters."""

_URL = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s'\"<>]+", re.IGNORECASE)

_NAMED = re.compile(
    r"""(?P<name>(?:passw(?:or)?d|pwd|secret|token|api[_-]?key|access[_-]?key|authorization
    |cookie|credentials?|signature|session[_-]?id|\bsid|\bauth(?==))['"]?\s*(?::|=|\)=)\s*)
    (?:'[^']*'|"[^"]*"|\([^)]*\)|(?:(?:bearer|basic|token)\s+)?[^\s&;,)}\]]+)""",
    re.IGNORECASE | re.VERBOSE,
)
"""A header, a parameter or a column whose name tells that its value is a secret, with that value."""

_BEARER = re.compile(r"\bbearer\s+[^\s'\",;]+", re.IGNORECASE)


def describe_message(text: str) -> str:
    r"""One line, with URLs as everywhere, and what a secret's name stands before as ***.

    >>> describe_message("401 for https://api.test/users/5?key=a1b2c3, Authorization: Bearer a1b2c3")
    '401 for api.test/users/{id}?key= Authorization: ***'
    >>> describe_message("cannot reach postgresql://me:pass@db/shop?x=y")
    'cannot reach postgresql://me:***@db/shop?x=***'
    """
    line = " ".join(_STATEMENT.sub("", text[:MAX_LOOKED_AT]).split())
    line = _URL.sub(lambda found: _masked(found[0]), line)
    return mask(line)


def mask(text: str) -> str:
    """What stands behind a secret's name as ***.

    >>> mask("{'n': 1, 'token': 'a1b2c3', 'header': 'Bearer a1b2c3'}")
    "{'n': 1, 'token': ***, 'header': 'Bearer ***'}"
    """
    return _BEARER.sub("Bearer ***", _NAMED.sub(r"\g<name>***", text))


def _masked(url: str) -> str:
    """Of a web address host and template; of a database who, where and which."""
    if not url.lower().startswith(("http://", "https://")):
        place, mark, query = url.partition("?")
        values_masked = re.sub(r"=[^&]*", "=***", query)
        return re.sub(r"(?<=//)([^:@/]*):.*@", r"\1:***@", place) + mark + values_masked
    try:
        described = describe_url(url)
    except ValueError:
        return "(a URL)"
    return f"{described.host}{described.template}"
