"""Requests as the portal reads them: who asks, which method, in what form, with which parameters.

The same for all fronts, and knows neither of them: bytes and text in, plain data out. Nothing here raises for
what a client sends; what cannot be read is not there, as with the portal (see ``php``).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote

import msgspec

from perfkit.worlds.bitrix24 import php

MAX_BODY_BYTES = 64 * 2**20
"""A batch may carry 50 filters of thousands of numbers each."""

JSON, XML = "json", "xml"

VERBS = ("GET", "HEAD", "POST")
"""What calls a method; OPTIONS is answered with this list, and others are refused."""

_PATH = re.compile(r"/rest/(?:([^/]+)/([^/]+)/)?([^/]+)/?")
_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_BOUNDARY = re.compile(r"""boundary=(?:"([^"]+)"|([^\s;",]+))""", re.IGNORECASE)
_DISPOSITION = re.compile(r"^content-disposition:([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_OPTION = re.compile(r""";\s*([\w*-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;]*)""")
_INFLATE = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


class Where(NamedTuple):
    """What a path asks for. ``user`` is None where no webhook is named: then the token is a parameter.

    ``method`` is as it was written, without the transport; ``form`` of the answer is "json" or "xml".
    """

    user: str | None
    token: str
    method: str
    form: str


class Call(NamedTuple):
    """A request that has been read: ``params`` are without the token, ``body_bytes`` as they came."""

    verb: str
    where: Where
    token: str
    params: dict[str, Any]
    body_bytes: int


@lru_cache(maxsize=4096)
def read_path(path: str) -> Where | None:
    """What the path of a URL asks for, or None when it is none of the portal's REST interface.

    >>> read_path("/rest/1/secret/crm.lead.List.json")
    Where(user='1', token='secret', method='crm.lead.List', form='json')
    >>> read_path("/rest/crm.lead.list.xml/")
    Where(user=None, token='', method='crm.lead.list', form='xml')
    """
    found = _PATH.fullmatch(unquote(path) if "%" in path else path)
    if found is None:
        return None
    user, token, last = found.groups()
    method, _, transport = last.rpartition(".")
    if method and transport.lower() in (JSON, XML):
        return Where(user, token or "", method, transport.lower())
    return Where(user, token or "", last, JSON)


def split_target(target: str) -> tuple[str, str]:
    """Path and query of a request's target, as they were sent.

    >>> split_target("/rest/profile?auth=1"), split_target("http://portal.test/rest/profile")
    (('/rest/profile', 'auth=1'), ('/rest/profile', ''))
    """
    if not target.startswith("/"):  # as a client writes it that believes to talk to a proxy
        target = f"/{target.partition('//')[2].partition('/')[2]}"
    path, _, query = target.partition("?")
    return path, query


def read_call(
    verb: str, where: Where, query: str, body: bytes, content_type: str, encoding: str = ""
) -> Call:
    """The whole request: query and body merged, the body winning.

    ``encoding`` is the body's Content-Encoding, "" where it has been undone already.
    """
    params: dict[str, Any] = php.parse_query(query) if query else {}
    if body:
        params = {**params, **_body(body, content_type, encoding)}
    token = where.token
    if where.user is None:
        token = php.to_text(params.get("auth"))
        params.pop("auth", None)
    return Call(verb, where, token, params, len(body))


def _body(body: bytes, content_type: str, encoding: str) -> Mapping[str, Any]:
    """Form fields; or JSON, which counts only where there are none."""
    if encoding:
        body = _decompressed(body, encoding)
    kind = content_type.partition(";")[0].strip().lower()
    if kind == _FORM:
        fields = php.parse_query(body.decode(errors="replace"))
        if fields:
            return fields
    elif kind == _MULTIPART:
        return _multipart(body, content_type)
    return _json(body)


def _json(body: bytes) -> Mapping[str, Any]:
    """A JSON array or object; nothing if it is damaged, or deeper than PHP reads."""
    try:
        read = msgspec.json.decode(body)
    except (ValueError, RecursionError, msgspec.DecodeError):  # which is no ValueError in older releases
        return {}
    may_be_deep = body.count(b"[") + body.count(b"{") > php.MAX_JSON_DEPTH
    return {} if may_be_deep and php.deeper_than(php.MAX_JSON_DEPTH, read) else dict(php.items(read))


def _multipart(body: bytes, content_type: str) -> Mapping[str, Any]:
    """The fields of a multipart form, as PHP reads them: none is nested, none is encoded.

    Files are left out: no method reads one from a form.
    """
    array = php.PhpArray()
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        return array
    line = b"\r\n--" + (boundary[1] or boundary[2]).encode(errors="replace")
    for part in (b"\r\n" + body).split(line)[1:]:
        head, _, content = part.partition(b"\r\n\r\n")
        name = None if part.startswith(b"--") else _field_name(head.decode(errors="replace"))
        if name:
            array.insert(name, content.decode(errors="replace"))
    return array


def _field_name(head: str) -> str | None:
    """The name in the header block of a part; None for a file, and where there is none."""
    found = _DISPOSITION.search(head)
    options = {} if found is None else {key.lower(): value for key, value in _OPTION.findall(found[1])}
    if "name" not in options or "filename" in options:
        return None
    name: str = options["name"]
    return re.sub(r"\\(.)", r"\1", name[1:-1]) if name.startswith('"') else name


def _decompressed(body: bytes, encoding: str) -> bytes:
    """The body without its Content-Encoding; nothing if it is damaged, unknown, or too large."""
    window = _INFLATE.get(encoding.strip().lower())
    if window is None:
        return body
    for bits in (window, -zlib.MAX_WBITS):  # some clients send deflate without zlib's frame
        reader = zlib.decompressobj(bits)
        try:
            plain = reader.decompress(body, MAX_BODY_BYTES)
        except zlib.error:
            continue
        return plain if reader.eof else b""
    return b""
