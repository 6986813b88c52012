"""The requests that a Django application answers: queries are looked at within each by itself.

``entry`` marks such a span: a loop of queries is one within a request, and one query in each of a hundred
requests is none.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from types import FrameType
from typing import Any

from perfkit.fingerprints import describe_url
from perfkit.tracing import OpenSpan, enter, leave
from perfkit.tracing.scopes import active


def watch_response(original: Any) -> Any:
    """``BaseHandler.get_response`` within a span."""

    def get_response(self: Any, request: Any) -> Any:
        if not active:
            return original(self, request)
        opened = _begin(request, sys._getframe(1))
        try:
            response = original(self, request)
        except BaseException as error:
            leave(opened, error)
            raise
        _end(opened, request, response)
        return response

    return get_response


def watch_response_async(original: Any) -> Any:
    """``BaseHandler.get_response_async`` within a span."""

    async def get_response_async(self: Any, request: Any) -> Any:
        if not active:
            return await original(self, request)
        opened = _begin(request, sys._getframe(1))
        try:
            response = await original(self, request)
        except BaseException as error:
            leave(opened, error)
            raise
        _end(opened, request, response)
        return response

    return get_response_async


def _begin(request: Any, frame: FrameType | None) -> OpenSpan | None:
    with suppress(Exception):
        name = f"{request.method} {describe_url(request.path).template}"
        return enter("span", name, {"entry": True, "library": "django"}, frame)
    return None


def _end(opened: OpenSpan | None, request: Any, response: Any) -> None:
    """Note the status, and the route, which is known by now."""
    if opened is None:
        return
    with suppress(Exception):
        opened.note(status=response.status_code)
        match = request.resolver_match
        if match is not None and match.route:
            opened.name = f"{request.method} /{match.route.lstrip('^/')}"
    leave(opened)
