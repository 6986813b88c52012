"""URLs with their values masked: ``/users/17?page=2`` is ``/users/{id}?page=``.

Nothing that may be a secret survives: a segment stays only if it is a plain name, a query's key likewise;
user names, passwords and query values never do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from perfkit.fingerprints.graphql import operation_in
from perfkit.fingerprints.names import LONG_WORD, is_key, is_method, is_name, is_word

UNNAMED_KEY = "{key}"
"""Stands for a query's key that is no name, and for the key that a part without ``=`` lacks."""

_COLON = "(?:[:._-]|%3A)?"
_TIME = rf"(?:[T_ .+-]|%20)\d{{2}}(?:{_COLON}\d{{2}}(?:{_COLON}\d{{2}}(?:[.,]\d{{1,9}})?)?)?"
_ZONE = rf"(?:Z|(?:[+-]|%2B)\d{{2}}(?:{_COLON}\d{{2}})?)"
_DATE = rf"\d{{4}}([-_.])\d{{2}}\1\d{{2}}(?:{_TIME}{_ZONE}?)?|\d{{8}}T\d{{4,6}}{_ZONE}?"
_UUID = r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"

_MASKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"[0-9]+"), "{id}"),
    (re.compile(rf"{_UUID}|%7B{_UUID}%7D|\{{{_UUID}\}}", re.IGNORECASE), "{uuid}"),
    (re.compile(_DATE, re.IGNORECASE), "{date}"),
    (re.compile(r"(?=.*\d)[0-9a-fA-F]{16,}"), "{hex}"),
    (re.compile(r".+(?:@|%40).+", re.IGNORECASE), "{email}"),
)
_DATED = re.compile(rf"(?<=[A-Za-z][-_.])(?:{_DATE})(?![0-9A-Za-z])", re.IGNORECASE)
_HASHED = re.compile(
    rf"(?<=[A-Za-z][-_.]){_UUID}(?![0-9A-Za-z])"
    r"|(?<=[A-Za-z][-.])(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{8,64}(?![0-9A-Za-z_])",
    re.IGNORECASE,
)
_INNER_MASK = re.compile(r"\{(?:date|uuid|hex)\}")
_KEYED = re.compile(r"([A-Za-z]\w*)\((.*)\)")
"""OData's ``Orders(17)``."""

_VERB = re.compile(r"(.+):([A-Za-z]{2,24})")
"""Google's ``17:activate``."""

_EXACT = frozenset({"{id}", "{uuid}", "{hex}"})
_SUFFIX = re.compile(
    r"(.+?)(\.(?:json|xml|csv|txt|html?|php|aspx?|jsp|pdf|png|jpe?g|gif|svg|js|css|zip|gz|parquet))"
)
_NUMBERED = re.compile(r"[A-Za-z]+(?:[_.-](?:[A-Za-z]{1,12}|[0-9]{1,8}))+")
_CALLED = frozenset({"operationName=", "query=", "method="})
"""The keys of a query whose value says what is called, shown with it."""

_PAGES = frozenset(
    {"page", "pages", "part", "parts", "chunk", "chunks", "block", "blocks", "segment", "segments"}
)
"""What a number in the path behind it counts: pages of a listing, or pieces of one file."""

_BITRIX24 = re.compile(r"/rest/(\d+)/[^/]+/([^/]+?)(?:\.json|\.xml)?/?", re.IGNORECASE)
_BITRIX24_OAUTH = re.compile(r"/rest/([a-z0-9_]+(?:\.[a-z0-9_]+)+|batch)/?", re.IGNORECASE)


class Url(NamedTuple):
    """``host`` with its port, ``template`` of path and query keys, ``rpc`` the method the URL names, if any.

    ``query`` holds the query's values, for hashing; it must not be kept.
    """

    host: str
    template: str
    rpc: str
    query: tuple[tuple[str, str], ...]


@lru_cache(maxsize=1024)
def describe_url(url: str) -> Url:
    """Host, template, called method and query of a URL.

    >>> describe_url("https://me:pw@shop.test/users/17/orders?page=2")[:3]
    ('shop.test', '/users/{id}/orders?page=', '')
    >>> describe_url("http://crm.test/rest/1/s3cr3t/crm.lead.list.json")[:3]
    ('crm.test', '/rest/{user}/{token}/crm.lead.list', 'crm.lead.list')
    >>> describe_url("http://shop.test/graphql?query=query User{user(id:5){name}}")[1:3]
    ('/graphql?query=User', 'User')
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return Url("", "", "", ())
    host = parts.netloc.rpartition("@")[2]
    path, rpc = _path(parts.path)
    query = tuple(_query(parts.query))
    shown = {f"{key}=" for key, _ in query}
    called = rpc or _rpc(dict(query))
    if called != rpc:
        shown = {f"{key}{called}" if key in _CALLED else key for key in shown}
    keys = "&".join(sorted(shown))
    return Url(host, f"{path}?{keys}" if keys else path, called, query)


def _rpc(query: dict[str, str]) -> str:
    """What a query's values call: an operation of GraphQL, or a method of JSON-RPC."""
    if "jsonrpc" in query:
        return query["method"] if is_method(query.get("method")) else ""
    return operation_in(query) if "query" in query or "operationName" in query else ""


def _query(query: str) -> Iterator[tuple[str, str]]:
    for part in query.split("&"):
        for key, value in parse_qsl(part, keep_blank_values=True):
            named = "=" in part and is_key(key)
            yield (key, value) if named else (UNNAMED_KEY, part)


@lru_cache(maxsize=4096)
def _path(path: str) -> tuple[str, str]:
    webhook = _BITRIX24.fullmatch(path)
    if webhook:
        method = webhook[2].lower() if is_name(webhook[2]) else ""
        return f"/rest/{{user}}/{{token}}/{method or _mask(webhook[2])}", method
    oauth = _BITRIX24_OAUTH.fullmatch(path)
    if oauth and is_name(oauth[1]):
        method = oauth[1].lower().removesuffix(".json").removesuffix(".xml")
        return f"/rest/{method}", method
    segments = path.split("/")
    masked = [_mask(segment) for segment in segments]
    for number, before in enumerate(segments[:-1], 1):
        if before.lower() in _PAGES and masked[number] == "{id}":
            masked[number] = "{page}"
    return "/".join(masked), ""


def _mask(segment: str) -> str:
    suffix = _SUFFIX.fullmatch(segment)
    stem, ending = (suffix[1], suffix[2]) if suffix else (segment, "")
    for pattern, mask in _MASKS:
        if pattern.fullmatch(segment):
            return mask
        if pattern.fullmatch(stem):
            return mask + ending
    if not stem or is_name(stem):
        return segment
    return (_mask_beside_name(stem) or _mask_within(stem, ending) or _mask_unknown(stem)) + ending


def _mask_beside_name(stem: str) -> str:
    """The stem with the value beside a route's name masked; "" if there is none."""
    keyed = _KEYED.fullmatch(stem)
    if keyed and is_name(keyed[1]):
        return f"{keyed[1]}({{id}})" if keyed[2] else stem
    verb = _VERB.fullmatch(stem)
    if verb and is_word(verb[2]):
        before = _mask(verb[1])
        return f"{before}:{verb[2]}" if before in _EXACT or before == verb[1] else ""
    return ""


def _mask_within(stem: str, ending: str) -> str:
    """The stem with dates masked behind a name; in a file's name hashes, too (elsewhere that is a title)."""
    masked = _DATED.sub("{date}", stem)
    if ending:
        masked = _HASHED.sub(lambda found: "{uuid}" if "-" in found[0] else "{hex}", masked)
    return masked if masked != stem and is_name(_INNER_MASK.sub("x", masked)) else ""


def _mask_unknown(stem: str) -> str:
    return "{id}" if len(stem) < LONG_WORD or _NUMBERED.fullmatch(stem) else "{token}"
