"""The probe for requests: a span per attempt on the wire, whichever adapter a session uses.

Most adapters speak through urllib3, which is watched along: its probe follows the attempt that was opened
here, and opens those that Retry adds (``HTTPAdapter(max_retries=...)``). Without urllib3, as with adapters
made for tests, the span lasts until the session has its answer. See ``http`` for what a span holds.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

from perfkit.probes import urllib3 as wire
from perfkit.probes.http import Attempt, begin, declared_length, put_back, under_way
from perfkit.probes.replacements import Replacements
from perfkit.tracing import here

LIBRARY = "requests"
TESTED = ("2.31", "2.35")
"""Versions from the first up to, not including, the second are covered by tests."""

_replaced = Replacements()


def install() -> None:
    """Start watching requests. Does nothing when it is watched already."""
    if _replaced:
        return
    from requests.sessions import Session, SessionRedirectMixin

    wire.watch(LIBRARY)
    _replaced.put(Session, "send", _watch_send)
    _replaced.put(SessionRedirectMixin, "resolve_redirects", _watch_redirects)


def remove() -> None:
    """Put requests back as it was, and urllib3 unless it is watched for itself."""
    _replaced.undo()
    wire.unwatch(LIBRARY)


def _watch_send(original: Any) -> Any:
    def send(self: Any, request: Any, **options: Any) -> Any:
        if here() is None:
            return original(self, request, **options)
        before = under_way.get()
        url, body = getattr(request, "url", None), getattr(request, "body", None)
        attempt = begin(getattr(request, "method", None), str(url or ""), body, sys._getframe(1))
        attempt.handed_to = wire.LIBRARY
        try:
            response = original(self, request, **options)
        except BaseException as error:
            attempt.failed(error)
            raise
        else:
            _answered(attempt, response)
            _read(attempt)
        finally:
            put_back(before)
        return response

    return send


def _watch_redirects(original: Any) -> Any:
    def resolve_redirects(self: Any, resp: Any, req: Any, *args: Any, **options: Any) -> Any:
        attempt = under_way.get()
        if attempt is not None:
            _answered(attempt, resp)
        return original(self, resp, req, *args, **options)

    return resolve_redirects


def _answered(attempt: Attempt, response: Any) -> None:
    """An adapter has answered. If it did so by way of urllib3, that is known already."""
    if not attempt.over:
        with suppress(Exception):
            sent = declared_length(response.request.headers)
            attempt.answered(response.status_code, response.headers, sent)


def _read(attempt: Attempt) -> None:
    """The session is done. Without urllib3 nothing else tells when a body has been read."""
    if attempt.handed_to:
        attempt.ended(None)
