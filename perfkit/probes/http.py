"""What the probes of HTTP clients share: one attempt on the wire as a span, until its body has ended.

A span of kind "request" is one attempt: what costs a round trip. A redirect that is followed and a request
that is sent again are spans of their own, one after another, below the same parent and from the same call
path. So the number of requests is the number of attempts, whoever repeated them: the library, its transport
or the application.

The span ends when the head of the answer has arrived; its end moves when the body has been read or closed.
What a connection takes (names, TCP, TLS, a proxy's tunnel) is a span of kind "connect" below the request that
needed it.

A request's attributes:

- ``method``, ``host`` (with its port, unless that is the scheme's own), ``template`` of the URL and ``body``
  of the body, ``params``: hashes of the values in both; ``rpc`` and ``batch`` if they say what is called.
- ``connection``: "new" or "reused"; missing if none was got hold of, or needed (a mock transport).
- ``status`` of the answer, 0 if there was none; ``server_ns``: the sum of its Server-Timing header.
- ``bytes_sent``: of the body, by its Content-Length, 0 without one; ``bytes_received``: of the body, as it
  came over the wire, compressed if it was. Missing while they are not known.
- ``retry``: how many times in a row this same request (method, full URL, body) from the same call path, in
  the same task or thread, had failed before; 0 for a first attempt. Exceptions are failures, and so are the
  statuses in FAILED; what urllib3's Retry repeats counts whatever the status.
- ``redirect``: of a request that goes where an answer pointed, how many such steps lie behind it.
- ``dropped``: keys of a filter that the server ignored, where it says so (Server-Timing, ``dropped-filter``).
- ``closes``: the server closes the connection after this answer, and said so (HTTP/1.0 means it, too).
- ``blocking``: a synchronous client was used in a task, and keeps the event loop waiting; only where the
  library has both kinds.

No value, header or user name enters a trace: templates mask them, the rest are hashes. Both are made when the
trace is asked for; until then the recording holds URLs and short bodies as they were.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Hashable, Iterator, Mapping
from contextlib import suppress
from contextvars import ContextVar
from functools import lru_cache
from types import FrameType
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit
from weakref import WeakKeyDictionary

import msgspec

from perfkit.fingerprints import Body, describe_body, describe_url
from perfkit.fingerprints.names import kept_key
from perfkit.fingerprints.values import hash_leaves, hash_value, query_values
from perfkit.tracing import Operation, Recording, enter, here, leave
from perfkit.tracing import begin as begin_span

FAILED = frozenset({429, 502, 503, 504})
"""Statuses after which the same request counts as a retry: refused for now, or not answered at all."""

REDIRECTS = frozenset({301, 302, 303, 307, 308})

LONGEST_MS = 86_400_000
"""A Server-Timing duration above a day is taken for nonsense and ignored."""

MAX_KEPT_BYTES = 2048
"""Longer bodies are described at once instead of being kept until the trace is asked for."""

MAX_LOOSE_ENDS = 1000
"""So many failed or redirected attempts of a recording are remembered while nothing has followed them."""

_HTTP_1_0 = ("HTTP/1.0", 10, (1, 0))
_DROPPED_FILTER = "dropped-filter"
_DROPPED = re.compile(rf'{_DROPPED_FILTER};desc="([^"]*)"')
_LENGTH = re.compile(r"[0-9]{1,18}")
_OWN_PORTS = {"http": ":80", "https": ":443"}
_REDIRECTED = "redirected"

_loose_ends: WeakKeyDictionary[Recording, dict[Hashable, int]] = WeakKeyDictionary()


class Attempt(Operation, eq=False):
    """The span of one attempt at a request.

    ``given`` is the body as the library has it, ``body`` what it is described from or, if that was long, its
    description. ``handed_to`` is the library that will put it on the wire, until it does; ``pool`` is where
    urllib3 gets the connection from, while it is under way. ``over``: the head
    has arrived, or the attempt has failed; ``done``: its body has ended, too. ``received`` counts the bytes
    of the body that have come so far, where the library does not.
    """

    method: str = ""
    url: str = ""
    given: object = None
    body: Body | str | bytes | None = None
    connection: str = ""
    status: int = 0
    server_ns: int | None = None
    bytes_sent: int | None = None
    bytes_received: int | None = None
    retry: int = 0
    redirect: int = 0
    closes: bool = False
    library: str = ""
    handed_to: str = ""
    pool: object = None
    over: bool = False
    done: bool = False
    received: int = 0

    @property  # type: ignore[misc]
    def name(self) -> str:  # type: ignore[override]
        """Method and masked URL, made when it is asked for."""
        return f"{self.method} {self.host}{_described_url(self.url).template}"

    @property
    def host(self) -> str:
        """With its port, unless that is the scheme's own."""
        return _described_url(self.url).host

    def facts(self) -> dict[str, Any]:
        """The attributes of the finished span."""
        facts = describe(self.method, self.url, self.body, self.connection)
        facts["status"] = self.status
        for name in ("server_ns", "bytes_sent", "bytes_received"):
            value = getattr(self, name)
            if value is not None:
                facts[name] = value
        facts.update(retry=self.retry, library=self.library)
        if self.redirect:
            facts["redirect"] = self.redirect
        if self.closes:
            facts["closes"] = True
        return {**facts, **self.attrs} if self.attrs else facts

    def connecting(self, frame: FrameType | None) -> Operation | None:
        """Open the span of the connection it needs; None inside such a span."""
        scope = here()
        if scope is not None and scope.kind == "connect":
            return None
        self.connection = "new"
        host = self.host
        return enter("connect", f"connect {host}", {"host": host, "library": self.library}, frame)

    def answered(self, status: int, answer: Mapping[str, str], sent: int, version: object = None) -> None:
        """The head has arrived: status and headers of the answer to a request with so many bytes of body.

        ``version`` is that of HTTP as the library has it: "HTTP/1.0", 10 or (1, 0).
        """
        self.over = True
        if not self._is_recorded():
            return
        self.status, self.bytes_sent = status, sent
        try:  # suppress() would cost as much as what it guards
            self._read_head(status, answer, version)
        except Exception:
            self.closes = False
        leave(self)

    def _read_head(self, status: int, answer: Mapping[str, str], version: object) -> None:
        timing = answer.get("Server-Timing")
        if timing is not None:
            self.server_ns = server_timing_ns(timing)
            if _DROPPED_FILTER in timing:
                self.note(dropped=dropped_filters(timing))
        self.closes = _closes(version, answer.get("Connection", "").lower())
        if status in FAILED:
            self._remember(_whole(self), self.retry + 1)
        elif status in REDIRECTS and "Location" in answer:
            target = urljoin(self.url, answer["Location"])
            self._remember(_target(self, target), self.redirect + 1)

    def failed(self, error: BaseException | None) -> None:
        """There was no answer. Does nothing once there has been one."""
        if self.over:
            return
        self.over = self.done = True
        if not self._is_recorded():
            return
        leave(self, error)
        with suppress(Exception):
            self._remember(_whole(self), self.retry + 1)

    def ended(self, received: int | None, error: BaseException | None = None) -> None:
        """After so many bytes its body was complete, closed or, with an error, broken off. Counts once."""
        if self.done or not self._is_recorded():
            return
        self.done = True
        self.bytes_received = received
        leave(self, error)
        self.end_ns = self.recording.now_ns()

    def _is_recorded(self) -> bool:
        """Whether the recording still goes on; what happens afterwards is not its business."""
        return self.place is not None and not self.place.recording.closed

    def _remember(self, end: Hashable, number: int) -> None:
        """If the next attempt takes up this end, it gets the number."""
        ends = _loose_ends.setdefault(self.recording, {})
        if len(ends) >= MAX_LOOSE_ENDS:
            ends.pop(next(iter(ends)), None)
        ends[end] = number


under_way: ContextVar[Attempt | None] = ContextVar("perfkit_attempt", default=None)
"""The attempt that a library is making in this context. Who begins one calls ``put_back`` afterwards."""


def begin(
    method: object, url: str, body: object, frame: FrameType | None, *, retry: int = 0, library: str = ""
) -> Attempt:
    """Open the span of an attempt and make it the one under way.

    ``body`` is only looked at if it is text, bytes or data; a file or generator is left alone. ``retry`` is
    what the library itself counts, ``library`` the probe if that is not who calls. Whatever cannot be
    described is left out: it is for the library to say what is wrong with a request.
    """
    attempt = Attempt(
        "",
        kind="request",
        method=method.upper() if isinstance(method, str) else "",
        url=url,
        given=body,
        body=None if body is None else _kept(body),
        retry=retry,
        library=library or calling_probe(),
    )
    if begin_span(attempt, frame) and _loose_ends:
        with suppress(Exception):
            _follow_on(attempt)
    under_way.set(attempt)
    return attempt


def again(before: Attempt, method: str, url: str, body: object, frame: FrameType | None) -> Attempt:
    """Begin the next attempt of the same call; the one before is over at the latest now."""
    before.failed(None)
    is_same = (method, url) == (before.method, before.url) and body is before.given
    before.given = None
    has_failed = before.status in FAILED or not before.status
    retry = before.retry + 1 if is_same and has_failed else 0
    return begin(method, url, body, frame, retry=retry, library=before.library)


def calling_probe() -> str:
    """The name of the probe whose code called the caller of this."""
    return str(sys._getframe(2).f_globals["__name__"]).rpartition(".")[2]


def put_back(before: Attempt | None) -> None:
    """The call is over: what was under way around it is so again."""
    attempt = under_way.get()
    if attempt is not None:
        attempt.given = attempt.pool = None  # the recording must not keep the body
    under_way.set(before)


def describe(method: str, url: str, body: object, connection: str = "") -> dict[str, Any]:
    """What a request is: masked templates of URL and body, and hashes of their values."""
    facts: dict[str, Any] = {"method": method, "host": "", "template": "", "body": "", "params": {}}
    if connection:
        facts["connection"] = connection
    try:
        described = body if isinstance(body, Body) else describe_body(body)
        facts.update(body=described.template, params=dict(described.params))
        if described.rpc:
            facts["rpc"] = described.rpc
        if described.batch:
            facts["batch"] = described.batch
    except Exception:  # noqa: S110 - suppress() takes as long
        pass
    try:
        known = _described_url(url)
        facts.update(host=known.host, template=known.template)
        facts["params"].update(known.params)
        if known.rpc:
            facts.setdefault("rpc", known.rpc)
    except Exception:  # noqa: S110 - suppress() takes as long
        pass
    return facts


def _closes(version: object, connection: str) -> bool:
    """Whether the connection ends with the answer (RFC 9112, section 9.3)."""
    if version in _HTTP_1_0:
        return "keep-alive" not in connection
    return "close" in connection


def declared_length(headers: Mapping[str, str] | None) -> int:
    """Bytes of a body by its Content-Length; 0 without one, or with one that is no number."""
    try:
        declared = (headers or {}).get("Content-Length", "")
        return int(declared) if _LENGTH.fullmatch(declared) else 0
    except Exception:
        return 0


@lru_cache(maxsize=1024)
def server_timing_ns(header: str) -> int:
    """Sum of the ``dur`` (milliseconds) of a Server-Timing header, in nanoseconds (W3C Server Timing).

    >>> server_timing_ns('db;dur=53.2, app;desc="x";dur=7')
    60200000
    """
    total = 0.0
    for metric in header.split(","):
        for parameter in metric.split(";")[1:]:
            key, _, value = parameter.partition("=")
            if key.strip().lower() == "dur":
                total += _milliseconds(value.strip().strip('"'))
    return round(total * 1e6)


def dropped_filters(header: str) -> list[str]:
    """The keys that a Server-Timing header names as dropped, percent-encoded and with spaces between them.

    No public service is known to send that: perfkit's mock portal does. What is no name is shown as "?".

    >>> dropped_filters('portal;dur=5, dropped-filter;desc="LOGIC %3E%3DFROM"')
    ['LOGIC', '>=FROM']
    """
    found = _DROPPED.search(header)
    return list(dict.fromkeys(kept_key(unquote(key)) for key in found[1].split())) if found else []


class _Described(msgspec.Struct, frozen=True):
    host: str
    template: str
    rpc: str
    params: dict[str, str]


@lru_cache(maxsize=1024)
def _described_url(text: str) -> _Described:
    try:
        url, parts = describe_url(text), urlsplit(text)
    except ValueError:
        return _Described("", "", "", {})
    params = {f"?{key}": value for key, value in hash_leaves(query_values(url.query)).items()}
    path = unquote(parts.path)
    if url.template != path:
        masked = url.template.partition("?")[0]
        pages = "".join(_pages(masked, path))
        # apart, so that pages of one listing are told from the listings of several items
        params["path"] = hash_value("".join(_besides_pages(masked, path)) if pages else path)
        if pages:
            params["path.page"] = hash_value(pages)
    return _Described(url.host.removesuffix(_OWN_PORTS.get(parts.scheme, "")), url.template, url.rpc, params)


def ids_in(text: str) -> list[str]:
    """Hashes of the values that stand in a URL's path, page numbers apart.

    >>> len(ids_in("http://h.test/users/17/orders"))
    1
    """
    try:
        masked = describe_url(text).template.partition("?")[0]
        parts = _segments(masked, unquote(urlsplit(text).path))
        return [hash_value(part) for mask, part in parts if "{" in mask and mask != "{page}"]
    except ValueError:
        return []


def _pages(masked: str, path: str) -> Iterator[str]:
    return (part for mask, part in _segments(masked, path) if mask == "{page}")


def _besides_pages(masked: str, path: str) -> Iterator[str]:
    return (f"/{part}" for mask, part in _segments(masked, path) if mask != "{page}")


def _segments(masked: str, path: str) -> Iterator[tuple[str, str]]:
    return zip(masked.split("/"), path.split("/"), strict=False)


def _kept(body: object) -> Body | str | bytes | None:
    """The body as it is now, to be described later, or its description if it is long or an odd one."""
    if isinstance(body, (str, bytes)):
        return body if len(body) <= MAX_KEPT_BYTES else _described_body(body)
    if isinstance(body, (dict, list, tuple)):
        with suppress(Exception):
            encoded = msgspec.json.encode(body)
            return encoded if len(encoded) <= MAX_KEPT_BYTES else _described_body(body)
    return _described_body(body)


def _described_body(body: object) -> Body | None:
    with suppress(Exception):
        return describe_body(body)
    return None


def _follow_on(attempt: Attempt) -> None:
    """Number the attempt if one before it failed, or pointed to its URL."""
    ends = _loose_ends.get(attempt.recording)
    if ends:
        attempt.retry = max(attempt.retry, ends.pop(_whole(attempt), 0))
        attempt.redirect = ends.pop(_target(attempt, attempt.url), 0)


def _whole(attempt: Attempt) -> Hashable:
    """Tells one request from another, and from those of other call paths, tasks and threads."""
    body, given = attempt.body, attempt.given
    if isinstance(body, Body):
        whole = hash(given) if isinstance(given, (str, bytes)) else tuple(body.params.items())
        return (*_place(attempt), attempt.method, attempt.url, body.template, whole)
    return (*_place(attempt), attempt.method, attempt.url, body)


def _target(attempt: Attempt, url: str) -> Hashable:
    return (*_place(attempt), _REDIRECTED, unquote(urldefrag(url).url))


def _place(attempt: Attempt) -> tuple[Hashable, ...]:
    place = attempt.place
    return () if place is None else (place.thread.ident, place.task, attempt.path)


def _milliseconds(text: str) -> float:
    """A duration a server may mean; 0 for anything else."""
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) and 0 <= value <= LONGEST_MS else 0.0
