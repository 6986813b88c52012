"""Posting to an OpenTelemetry collector: OTLP over HTTP, as JSON. Standard library only.

Knows endpoints, headers, answers and what they mean; what is posted is made elsewhere (``report.otlp``).
Nothing is tried twice and redirects are not followed: a trace that arrived half is said to have.

Source: opentelemetry.io/docs/specs/otlp and opentelemetry.io/docs/specs/otel/protocol/exporter.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from perfkit.errors import PerfkitError, UsageError

DEFAULT_ENDPOINT = "http://localhost:4318"
"""Where a collector listens for OTLP over HTTP, by the specification."""

TRACES_PATH = "/v1/traces"

MAX_ANSWER_BYTES = 65_536
"""More of a collector's answer is not read: it holds a sentence at most."""

_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
_HEADERS = ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token of RFC 9110
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
_NO_URL = re.compile(r"[^\x21-\x7e]")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_ADVICE = {
    400: "It may not read OTLP as JSON, or not this version of it",
    401: "Check the headers: headers= or OTEL_EXPORTER_OTLP_HEADERS",
    403: "Check the headers: headers= or OTEL_EXPORTER_OTLP_HEADERS",
    404: "Name a collector's address, without a path or with all of it: http://localhost:4318",
    413: "Raise the collector's limit (max_request_body_size)",
    415: "It does not read OTLP as JSON; use a collector in between",
    429: "It asks for fewer; try again later",
    502: "Try again later",
    503: "Try again later",
    504: "Try again later",
}
"""What to do about an answer that is no success."""


class Sent(NamedTuple):
    """What a collector took: ``spans`` were accepted, ``rejected`` were not, and ``message`` says why."""

    spans: int
    rejected: int
    message: str


class Part(NamedTuple):
    """One request: an ExportTraceServiceRequest as JSON, and how many spans it holds."""

    body: bytes
    spans: int


class Collector(NamedTuple):
    """A collector's address and the headers it is to get.

    ``shown`` is the address as messages may have it, without the query.
    """

    url: SplitResult
    shown: str
    headers: dict[str, str]
    timeout_s: float

    def post(self, parts: Iterable[Part]) -> Sent:
        """Post ``parts``, one after another over one connection. Raises PerfkitError at the first failure."""
        done = Sent(0, 0, "")
        with contextlib.closing(self._connection()) as connection:
            for part in parts:
                done = _added(done, part, self._post(connection, part, done))
        return done

    def _connection(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self.url.scheme == "https" else http.client.HTTPConnection
        return kind(self.url.hostname or "", self.url.port, timeout=self.timeout_s)

    def _post(self, connection: http.client.HTTPConnection, part: Part, done: Sent) -> dict[str, Any]:
        path = self.url.path + (f"?{self.url.query}" if self.url.query else "")
        before = f" ({done.spans} spans had arrived)" if done.spans else ""
        try:
            connection.request("POST", path, part.body, self.headers)
            answer = connection.getresponse()
            data = answer.read(MAX_ANSWER_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise PerfkitError(
                f"cannot send the trace to {self.shown}: {_reason(error)}{before}. Does a collector listen "
                f"there for OTLP over HTTP (4318; 4317 is gRPC)? Name another with endpoint= or {_ENDPOINT}"
            ) from error
        said = _decoded(data)
        if not 200 <= answer.status < 300:
            raise PerfkitError(
                f"{self.shown} refused the trace{before}: {_refusal(answer, said)}. "
                f"{_ADVICE.get(answer.status, 'See the log of the collector')}"
            )
        if not answer.isclosed():
            connection.close()  # there was more than anyone will read; the next request needs a clean start
        return said


def collector(endpoint: str | None, headers: Mapping[str, str], timeout_s: float) -> Collector:
    """The collector to post to, from the arguments or else from the environment.

    Raises UsageError for an address, header or time that cannot be used.
    """
    if not 0 < timeout_s < float("inf"):
        raise UsageError(f"timeout_s must be more than 0 and finite, not {timeout_s}")
    url = _url(_address(endpoint))
    shown = f"{url.scheme}://{url.netloc}{url.path}"
    sent = {"content-type": "application/json", **_from_environment(), **_checked(headers)}
    return Collector(url, shown, sent, timeout_s)


def _address(endpoint: str | None) -> str:
    if endpoint is None:
        exact = os.environ.get(_TRACES_ENDPOINT, "").strip()
        if exact:
            return exact  # used as it is, by the specification
        endpoint = os.environ.get(_ENDPOINT, "").strip() or DEFAULT_ENDPOINT
    base, mark, query = endpoint.partition("?")
    base = base.rstrip("/").removesuffix(TRACES_PATH)
    return f"{base}{TRACES_PATH}{mark}{query}"


def _url(address: str) -> SplitResult:
    bad = UsageError(
        f"{address.partition('?')[0].rpartition('@')[2]!r} is no address of a collector; "
        f"write {DEFAULT_ENDPOINT}, with its scheme"
    )
    try:
        url = urlsplit(address)
        usable = url.scheme in ("http", "https") and url.hostname and url.port != 0
    except ValueError:
        raise bad from None
    if not usable or _NO_URL.search(address):
        raise bad
    if url.username is not None:
        raise UsageError("an address with a user name is not used; give a header instead: authorization")
    return url


def _from_environment() -> dict[str, str]:
    found: dict[str, str] = {}
    for variable in _HEADERS:
        for entry in filter(None, map(str.strip, os.environ.get(variable, "").split(","))):
            name, mark, value = entry.partition("=")
            if not mark:
                raise UsageError(f"{variable} must be name=value,name=value; an entry has no '='")
            found |= _checked({name.strip(): unquote(value.strip())})
    return found


def _checked(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with names in lower case. A value is never shown: it may be a key."""
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise UsageError(f"{name!r} is no name of a header")
        if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
            raise UsageError(f"the value of the header {name!r} must be text of one line")
    return {name.lower(): value for name, value in headers.items()}


def _added(done: Sent, part: Part, said: dict[str, Any]) -> Sent:
    """``done`` and what the answer says of ``part``: a success without a word took it all."""
    partial = said.get("partialSuccess")
    partial = partial if isinstance(partial, dict) else {}
    try:
        rejected = min(max(int(partial.get("rejectedSpans", 0)), 0), part.spans)
    except (TypeError, ValueError):
        rejected = 0
    message = _clean(partial.get("errorMessage"))
    return Sent(done.spans + part.spans - rejected, done.rejected + rejected, message or done.message)


def _refusal(answer: http.client.HTTPResponse, said: dict[str, Any]) -> str:
    words = [f"{answer.status} {_clean(answer.reason)}".strip(), _clean(said.get("message"))]
    after = _clean(answer.headers.get("Retry-After"))
    return ", ".join(filter(None, [*words, f"retry after {after}" if after else ""]))


def _decoded(data: bytes) -> dict[str, Any]:
    """The answer as JSON; {} for anything else: what counts is the status."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    strerror = getattr(error, "strerror", None)
    return _clean(strerror) or _clean(str(error)) or type(error).__name__


def _clean(said: object) -> str:
    """A collector's words on one short line; "" for what is no text."""
    return _UNPRINTABLE.sub(" ", said).strip()[:300] if isinstance(said, str) else ""
