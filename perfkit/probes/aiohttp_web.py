"""The requests that an aiohttp.web application answers: calls are looked at within each by itself.

``entry`` marks such a span: a loop of queries is one within a request, and one query in each of a hundred
requests is none. On a simulated network there are none: who answers there is not what is measured.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

from perfkit.fingerprints import describe_url
from perfkit.probes.importing import when_imported
from perfkit.probes.replacements import Replacements
from perfkit.tracing import OpenSpan, current_clock, enter, here, leave

MODULE = "aiohttp.web_app"

_replaced = Replacements()
_wanted: list[bool] = []


def install() -> None:
    """Start watching applications, now or once aiohttp.web is imported."""
    if not _wanted:
        _wanted.append(True)
        if MODULE in sys.modules:
            _install()
        else:
            when_imported(MODULE, _install)


def remove() -> None:
    """Put aiohttp.web back as it was."""
    _wanted.clear()
    _replaced.undo()


def _install() -> None:
    if _wanted and not _replaced:
        _replaced.put(sys.modules[MODULE].Application, "_handle", _watch_handle)


def _watch_handle(original: Any) -> Any:
    async def _handle(self: Any, request: Any) -> Any:
        if here() is None or current_clock().kind != "wall":
            return await original(self, request)
        opened = None
        with suppress(Exception):
            name = f"{request.method} {describe_url(request.path).template}"
            opened = enter("span", name, {"entry": True, "library": "aiohttp"}, sys._getframe(1))
        try:
            response = await original(self, request)
        except BaseException as error:
            _end(opened, request, error, None if hasattr(error, "status") else error)
            raise
        _end(opened, request, response, None)
        return response

    return _handle


def _end(opened: OpenSpan | None, request: Any, answer: Any, error: BaseException | None) -> None:
    """Note the route, which is known by now, and the status: an HTTPException is an answer, too."""
    if opened is None:
        return
    with suppress(Exception):
        route = request.match_info.route.resource
        if route is not None:
            opened.name = f"{request.method} {route.canonical}"
    if error is None:
        opened.note(status=getattr(answer, "status", 0))
    leave(opened, error)
