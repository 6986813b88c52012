"""What the probes of HTTP clients share: an attempt on the wire as a span, until its body has ended.

A span of kind "request" is one attempt: what costs a round trip. A redirect that is followed and a request
that is sent again are spans of their own, one after another, below the same parent and from the same call
path. So the number of requests is the number of attempts, whoever repeated them: the library, its transport
or the application.

The span ends when the head of the answer has arrived; its end moves when the body has been read or closed.
What a connection takes (names, TCP, TLS, a proxy's tunnel) is a span of kind "connect" below the request that
needed it.

A request's attributes:

- ``method``, ``host`` (with its port, unless that is the scheme's own), ``template`` of the URL, ``body`` (its
  template), ``params``: hashes of the values in both; ``rpc``, ``batch`` if they say what is called.
- ``status`` of the answer, 0 if there was none; ``server_ns``: the sum of its Server-Timing header.
- ``bytes_sent``: of the body, by its Content-Length, 0 without one; ``bytes_received``: of the body as it came
  over the wire, compressed if it was. Missing while they are not known.
- ``connection``: "new" or "reused"; missing if none was got hold of, or needed (a mock transport).
- ``retry``: how many times in a row this same request (method, full URL, body) from the same call path, in the
  same task or thread, had failed before; 0 for a first attempt. Exceptions are failures, and so are the
  statuses in FAILED; what urllib3's Retry repeats counts whatever the status.
- ``redirect``: of a request that goes where an answer pointed, how many such steps lie behind it.

No value, header or user name is kept: templates mask them, the rest are hashes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from functools import lru_cache, wraps
from types import FrameType
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit
from weakref import WeakKeyDictionary

from perfkit.fingerprints import describe_body, describe_url
from perfkit.fingerprints.bodies import NO_BODY
from perfkit.fingerprints.values import hash_leaves, hash_value, query_values
from perfkit.tracing import OpenSpan, Recording, enter, here, leave

FAILED = frozenset({429, 502, 503, 504})
"""Statuses after which the same request counts as a retry: refused for now, or not answered at all."""

REDIRECTS = frozenset({301, 302, 303, 307, 308})

LONGEST_MS = 86_400_000
"""A Server-Timing duration above a day is taken for nonsense and ignored."""

MAX_LOOSE_ENDS = 1000
"""So many failed or redirected attempts of a recording are remembered while nothing has followed them."""

_LENGTH = re.compile(r"[0-9]{1,18}")
_OWN_PORTS = {"http": ":80", "https": ":443"}
_REDIRECTED = "redirected"

Given = tuple[str, str, object]
"""Method, full URL and body."""

_loose_ends: WeakKeyDictionary[Recording, dict[Hashable, int]] = WeakKeyDictionary()


class Attempt:
    """A request on its way.

    ``given``: method, URL and body it was described from. ``handed_to``: the library that will put it on the
    wire, until it does. ``over``: its head has arrived, or it failed; ``done``: its body has ended, too.
    ``received``: bytes of the body so far.
    """

    __slots__ = ("attrs", "done", "given", "handed_to", "opened", "over", "received")

    def __init__(self, attrs: dict[str, Any], given: Given, opened: OpenSpan | None) -> None:
        self.attrs = attrs
        self.given = given
        self.opened = opened
        self.handed_to = ""
        self.over = self.done = False
        self.received = 0

    def connecting(self, frame: FrameType | None) -> OpenSpan | None:
        """Open the span of the connection it needs; None inside such a span."""
        scope = here()
        if scope is not None and scope.kind == "connect":
            return None
        host = self.attrs["host"]
        self.attrs["connection"] = "new"
        return enter("connect", f"connect {host}", {"host": host}, frame)

    def answered(self, status: int, answer: Mapping[str, str], request: Mapping[str, str] | None) -> None:
        """The head has arrived: status and headers of the answer, and those of the request."""
        self.attrs["status"] = status
        with suppress(Exception):
            timing = answer.get("Server-Timing")
            if timing:
                self.attrs["server_ns"] = server_timing_ns(timing)
        with suppress(Exception):
            self.attrs["bytes_sent"] = _content_length(request, self.given[2])
        leave(self.opened)
        self.over = True
        with suppress(Exception):
            if status in FAILED:
                self._remember(_whole(self), self.attrs["retry"] + 1)
            elif status in REDIRECTS and answer.get("Location"):
                target = urljoin(self.given[1], answer["Location"])
                self._remember(_target(self, target), self.attrs.get("redirect", 0) + 1)

    def failed(self, error: BaseException | None) -> None:
        """There was no answer. Does nothing once there has been one."""
        if self.over:
            return
        leave(self.opened, error)
        self.over = self.done = True
        with suppress(Exception):
            self._remember(_whole(self), self.attrs["retry"] + 1)

    def ended(self, received: int | None, error: BaseException | None = None) -> None:
        """After so many bytes its body was complete, closed or, with an error, broken off. Counts once."""
        if self.done:
            return
        self.done = True
        if received is not None:
            self.attrs["bytes_received"] = received
        if self.opened is not None:
            leave(self.opened, error)
            if not self.opened.recording.closed:
                self.opened.end_ns = self.opened.recording.now_ns()

    def _remember(self, end: Hashable, number: int) -> None:
        """If the next attempt takes up this end, it gets the number."""
        if self.opened is None or self.opened.recording.closed:
            return
        ends = _loose_ends.setdefault(self.opened.recording, {})
        if len(ends) >= MAX_LOOSE_ENDS:
            ends.pop(next(iter(ends)), None)
        ends[end] = number


under_way: ContextVar[Attempt | None] = ContextVar("perfkit_attempt", default=None)
"""The attempt that the library is making in this context. Who begins one puts back what was there before."""


def begin(method: object, url: str, body: object, frame: FrameType | None, *, retry: int = 0) -> Attempt:
    """Open the span of an attempt and make it the one under way.

    ``body`` is only looked at if it is text, bytes or data; a file or generator is left alone. ``retry`` is
    what the library itself counts. Whatever cannot be described is left out: it is for the library to say
    what is wrong with a request.
    """
    attrs = describe(method, url, body)
    attrs["retry"] = retry
    opened = enter("request", f"{attrs['method']} {attrs['host']}{attrs['template']}", attrs, frame)
    attempt = Attempt(attrs, (attrs["method"], url, body), opened)
    if _loose_ends and opened is not None:
        with suppress(Exception):
            _follow_on(attempt, opened)
    under_way.set(attempt)
    return attempt


def again(attempt: Attempt, given: Given, frame: FrameType | None) -> Attempt:
    """Begin the next attempt in the place of ``attempt``, which is over at the latest now."""
    if not attempt.over:
        attempt.failed(None)
    return begin(*given, frame)


def describe(method: object, url: str, body: object) -> dict[str, Any]:
    """What is known of a request before it is sent: masked templates, and hashes of the values."""
    attrs: dict[str, Any] = {
        "method": method.upper() if isinstance(method, str) else "",
        "host": "",
        "template": "",
        "body": "",
        "params": {},
        "status": 0,
    }
    if body is not None:
        with suppress(Exception):
            _describe_body(attrs, body)
    with suppress(Exception):
        host, template, rpc, params = _described_url(url)
        attrs.update(host=host, template=template)
        attrs["params"].update(params)
        if rpc:
            attrs.setdefault("rpc", rpc)
    return attrs


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


class Replacements:
    """Methods of a library with watching ones in their place, until they are put back."""

    def __init__(self) -> None:
        self._originals: list[tuple[type, str, Any]] = []

    def __bool__(self) -> bool:
        return bool(self._originals)

    def put(self, owner: type, name: str, watch: Callable[[Any], Any]) -> None:
        """Replace ``owner.name`` by ``watch(owner.name)``. Nothing is done where there is no such method."""
        original = vars(owner).get(name)
        if original is not None:
            self._originals.append((owner, name, original))
            setattr(owner, name, wraps(original)(watch(original)))

    def undo(self) -> None:
        """Put the very same methods back."""
        while self._originals:
            setattr(*self._originals.pop())


def _describe_body(attrs: dict[str, Any], given: object) -> None:
    body = describe_body(given)
    if body is NO_BODY:
        return
    attrs.update(body=body.template, params=dict(body.params))
    if body.rpc:
        attrs["rpc"] = body.rpc
    if body.batch:
        attrs["batch"] = body.batch


@lru_cache(maxsize=1024)
def _described_url(text: str) -> tuple[str, str, str, dict[str, str]]:
    url = describe_url(text)
    parts = urlsplit(text)
    params = {}
    if url.query:
        params = {f"?{key}": value for key, value in hash_leaves(query_values(url.query)).items()}
    path = unquote(parts.path)
    if url.template != path:
        params["path"] = hash_value(path)
    host = url.host.removesuffix(_OWN_PORTS.get(parts.scheme, ""))
    return host, url.template, url.rpc, params


def _follow_on(attempt: Attempt, opened: OpenSpan) -> None:
    """Number the attempt if one before it failed, or pointed to its URL."""
    ends = _loose_ends.get(opened.recording)
    if not ends:
        return
    retry = ends.pop(_whole(attempt), 0)
    redirect = ends.pop(_target(attempt, attempt.given[1]), 0)
    attempt.attrs["retry"] = max(retry, attempt.attrs["retry"])
    if redirect:
        attempt.attrs["redirect"] = redirect


def _whole(attempt: Attempt) -> Hashable:
    """Tells one request from another, and from those of other call paths, tasks and threads."""
    attrs, (method, url, body) = attempt.attrs, attempt.given
    raw = hash(body) if isinstance(body, (str, bytes)) else None
    return (*_place(attempt.opened), method, url, raw, attrs["body"], tuple(attrs["params"].values()))


def _target(attempt: Attempt, url: str) -> Hashable:
    return (*_place(attempt.opened), _REDIRECTED, unquote(urldefrag(url).url))


def _place(opened: OpenSpan | None) -> tuple[Hashable, ...]:
    place = opened.place if opened is not None else None
    return () if place is None or opened is None else (place.thread.ident, place.task, opened.path)


def _content_length(headers: Mapping[str, str] | None, body: object) -> int:
    declared = None
    if headers is not None:
        declared = headers.get("Content-Length") or headers.get("content-length")
    if declared is not None:
        return int(declared) if _LENGTH.fullmatch(declared) else 0
    return len(body) if isinstance(body, (bytes, bytearray)) else 0


def _milliseconds(text: str) -> float:
    """A duration a server may mean; 0 for anything else."""
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) and 0 <= value <= LONGEST_MS else 0.0
