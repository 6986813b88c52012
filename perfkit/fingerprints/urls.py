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

from perfkit.fingerprints.names import LONG_WORD, is_key, is_name

UNNAMED_KEY = "{key}"
"""Stands for a query's key that is no name, and for the key that a part without ``=`` lacks."""

_MASKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"[0-9]+"), "{id}"),
    (re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"), "{uuid}"),
    (re.compile(r"\d{4}-\d{2}-\d{2}(?:T[\d:.+Z-]+)?"), "{date}"),
    (re.compile(r"(?=.*\d)[0-9a-fA-F]{16,}"), "{hex}"),
    (re.compile(r".+(?:@|%40).+", re.IGNORECASE), "{email}"),
)
_SUFFIX = re.compile(
    r"(.+?)(\.(?:json|xml|csv|txt|html?|php|aspx?|jsp|pdf|png|jpe?g|gif|svg|js|css|zip|gz|parquet))"
)
_NUMBERED = re.compile(r"[A-Za-z]+(?:[_.-](?:[A-Za-z]{1,12}|[0-9]{1,8}))+")
_PAGES = frozenset({"page", "pages"})
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
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return Url("", "", "", ())
    host = parts.netloc.rpartition("@")[2]
    path, rpc = _path(parts.path)
    query = tuple(_query(parts.query))
    keys = "&".join(sorted({f"{key}=" for key, _ in query}))
    return Url(host, f"{path}?{keys}" if keys else path, rpc, query)


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
    if len(stem) < LONG_WORD or _NUMBERED.fullmatch(stem):
        return "{id}" + ending
    return "{token}" + ending
