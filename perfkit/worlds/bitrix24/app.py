"""The portal's HTTP front on aiohttp.web: the same in the simulation and as a real server."""

from __future__ import annotations

import asyncio

from aiohttp import web

from perfkit.worlds.bitrix24.admin import PREFIX
from perfkit.worlds.bitrix24.answers import Reply
from perfkit.worlds.bitrix24.desk import Desk, Sent, head_of, without_a_call
from perfkit.worlds.bitrix24.portal import Portal
from perfkit.worlds.bitrix24.reading import MAX_BODY_BYTES, VERBS, Where, read_call, read_path, split_target
from perfkit.worlds.service.connection import part_of, reset
from perfkit.worlds.web import delay
from perfkit.worlds.workers import WorkerPool

DESK = web.AppKey("bitrix24.desk", Desk)
PORTAL = web.AppKey("bitrix24.portal", Portal)
WORKERS = web.AppKey("bitrix24.workers", WorkerPool)


def make_app(portal: Portal) -> web.Application:
    """An application that answers the portal's REST interface: see ``reading`` for its paths.

    The method's modelled cost is slept with a worker held; its time, with that of waiting for the worker, is
    in the ``Server-Timing`` header. So are the filter keys that were dropped, which no real portal tells.
    """
    return make_app_of(Desk(portal))


def make_app_of(desk: Desk) -> web.Application:
    """The same for a desk that exists already."""
    portal = desk.portal
    far_away = [delay(portal.config.rtt_ns)] if portal.config.rtt_ns else []
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=far_away)
    app[DESK], app[PORTAL], app[WORKERS] = desk, portal, desk.workers
    front = _Front(desk)
    app.on_shutdown.append(front.end)
    app.router.add_route("*", "/{path:.*}", front.handle)
    return app


class _Front:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.ended = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        path, query = split_target(request.raw_path)
        where = read_path(path)
        if where is not None and request.method in VERBS:
            return await self._serve(request, where, query)
        admin = self.desk.admin
        if admin is not None and path.startswith(PREFIX):
            return _response(admin.handle(request.method, path, query, await request.read()))
        return _response(without_a_call(request.method, known=where is not None))

    async def _serve(self, request: web.Request, where: Where, query: str) -> web.Response:
        desk, loop = self.desk, asyncio.get_running_loop()
        client, arrived_s = request.remote or "", loop.time()
        refusal = desk.refuse(where, client)
        if refusal is not None:
            await asyncio.sleep(refusal.cost_ns / 1e9)
            return await self._answer(request, where, refusal, 0.0)
        number = desk.number
        # aiohttp has undone a Content-Encoding already
        body = await request.read() if request.can_read_body else b""
        call = read_call(request.method, where, query, body, request.headers.get("Content-Type", ""))
        async with desk.workers.serve():
            queued_s = loop.time() - arrived_s
            reply = desk.run(call, client, number, queued_s)
            await asyncio.sleep(reply.cost_ns / 1e9)
        return await self._answer(request, where, reply, queued_s)

    async def _answer(
        self, request: web.Request, where: Where, reply: Reply, queued_s: float
    ) -> web.Response:
        sent = self.desk.sent(where, reply, queued_s)
        if sent.cut:
            await self._cut(request, sent)
        return _response(sent)

    async def _cut(self, request: web.Request, sent: Sent) -> None:
        """End the connection instead of answering; for a request that is dropped, when the server ends."""
        transport = request.transport
        if transport is None:  # the client has gone already
            return
        if sent.cut == "drop":
            await self.ended.wait()
            transport.abort()
            return
        if sent.cut == "cut":
            transport.write(part_of(head_of(sent, keep_alive=True), sent.body))
        reset(transport)

    async def end(self, _app: web.Application) -> None:
        """The server is told to end: whoever waits for an answer that never comes has waited long enough."""
        self.ended.set()


def _response(sent: Sent) -> web.Response:
    headers = {"Content-Type": sent.content_type, **sent.headers}
    return web.Response(body=sent.body, status=sent.status, headers=headers)
