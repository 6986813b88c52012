"""The portal's HTTP front on aiohttp.web: the same in the simulation and as a real server."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import msgspec
from aiohttp import web

from perfkit.worlds.bitrix24 import php
from perfkit.worlds.bitrix24.answers import Reply
from perfkit.worlds.bitrix24.portal import Portal
from perfkit.worlds.web import delay
from perfkit.worlds.workers import WorkerPool

MAX_BODY_BYTES = 64 * 2**20
"""A batch may carry 50 filters of thousands of numbers each."""

MAX_KEYS, MAX_KEY_CHARACTERS = 10, 60
"""What is told of dropped filter keys."""

PORTAL = web.AppKey("bitrix24.portal", Portal)
WORKERS = web.AppKey("bitrix24.workers", WorkerPool)


def make_app(portal: Portal) -> web.Application:
    """An application that answers GET and POST on ``/rest/{user}/{token}/{method}``, also with ``.json``.

    The method's modelled cost is slept with a worker held; its time, with that of waiting for the worker, is
    in the ``Server-Timing`` header. So are the filter keys that were dropped, which no real portal tells.
    """
    front = _Front(portal)
    far_away = [delay(portal.config.rtt_ns)] if portal.config.rtt_ns else []
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=far_away)
    app[PORTAL], app[WORKERS] = portal, front.workers
    app.router.add_route("GET", "/rest/{user}/{token}/{method:[^/]+}{slash:/?}", front.handle)
    app.router.add_route("POST", "/rest/{user}/{token}/{method:[^/]+}{slash:/?}", front.handle)
    return app


class _Front:
    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.workers = WorkerPool(portal.config.workers)

    async def handle(self, request: web.Request) -> web.Response:
        loop = asyncio.get_running_loop()
        arrived_s = loop.time()
        where = request.match_info
        method = _method_name(where["method"])
        refusal = self.portal.refuse(method, client=request.remote or "")
        if refusal is not None:
            await asyncio.sleep(refusal.cost_ns / 1e9)
            return _response(refusal, 0.0)
        params = await _params(request)
        async with self.workers.serve():
            queued_s = loop.time() - arrived_s
            reply = self.portal.run(method, params, credential=f"{where['user']}/{where['token']}")
            await asyncio.sleep(reply.cost_ns / 1e9)
        return _response(reply, queued_s)


def _method_name(last: str) -> str:
    return last[:-5] if last.lower().endswith(".json") else last


async def _params(request: web.Request) -> dict[str, Any]:
    """Query and body merged, the body winning. A JSON body counts only when there are no form fields."""
    params: dict[str, Any] = php.parse_query(request.rel_url.raw_query_string)
    if not request.can_read_body:
        return params
    try:
        return {**params, **await _body(request)}
    except (ValueError, RecursionError, msgspec.DecodeError):  # which is no ValueError in older releases
        return params  # as the portal does: what it cannot read is not there


async def _body(request: web.Request) -> dict[str, Any]:
    if request.content_type == "multipart/form-data":
        return php.from_pairs((await request.post()).items())
    body = await request.read()
    if request.content_type == "application/x-www-form-urlencoded":
        return php.parse_query(body.decode(errors="replace"))
    return dict(php.items(msgspec.json.decode(body)))


def _response(reply: Reply, queued_s: float) -> web.Response:
    took_ms = queued_s * 1e3 + reply.cost_ns / 1e6
    return web.Response(
        body=msgspec.json.encode(reply.body),
        status=reply.status,
        headers={
            "Content-Type": "application/json; charset=utf-8",
            "Server-Timing": f"portal;dur={took_ms:.3f}{_dropped(reply)}",
        },
    )


def _dropped(reply: Reply) -> str:
    """The filter keys that were ignored, for whoever watches; cut short, since headers have a limit."""
    if not reply.dropped:
        return ""
    keys = " ".join(quote(key[:MAX_KEY_CHARACTERS], safe="") for key in reply.dropped[:MAX_KEYS])
    return f', dropped-filter;desc="{keys}"'
