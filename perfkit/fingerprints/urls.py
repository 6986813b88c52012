"""URLs with their values masked: ``/users/17?page=2`` is ``/users/{id}?page=``.

Nothing that may be a secret survives: tokens in paths, user names, passwords and query values are masked.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

_MASKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\d+"), "{id}"),
    (re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"), "{uuid}"),
    (re.compile(r"\d{4}-\d{2}-\d{2}(?:T[\d:.+Z-]+)?"), "{date}"),
    (re.compile(r"(?=.*\d)[0-9a-fA-F]{16,}"), "{hex}"),
    (re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9_~=-]{16,}"), "{token}"),
)
_SUFFIX = re.compile(r"(.+?)(\.[a-z]{2,5})")
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
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    path, rpc = _path(parts.path)
    query = tuple(parse_qsl(parts.query, keep_blank_values=True))
    keys = "&".join(sorted({f"{key}=" for key, _ in query}))
    return Url(host, f"{path}?{keys}" if keys else path, rpc, query)


@lru_cache(maxsize=4096)
def _path(path: str) -> tuple[str, str]:
    webhook = _BITRIX24.fullmatch(path)
    if webhook:
        return f"/rest/{{user}}/{{token}}/{webhook[2].lower()}", webhook[2].lower()
    oauth = _BITRIX24_OAUTH.fullmatch(path)
    if oauth:
        method = oauth[1].lower().removesuffix(".json").removesuffix(".xml")
        return f"/rest/{method}", method
    return "/".join(_mask(segment) for segment in path.split("/")), ""


def _mask(segment: str) -> str:
    suffix = _SUFFIX.fullmatch(segment)
    stem, ending = (suffix[1], suffix[2]) if suffix else (segment, "")
    for pattern, mask in _MASKS:
        if pattern.fullmatch(segment):
            return mask
        if pattern.fullmatch(stem):
            return mask + ending
    return segment
