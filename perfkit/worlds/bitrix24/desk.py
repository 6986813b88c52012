"""What every front does with a request once it is there: the same rules, workers and headers for all.

A front asks ``refuse`` when a request arrives, ``run`` when a worker takes it, and sends what ``sent`` makes.
It only moves bytes and waits.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

import msgspec

from perfkit.worlds.bitrix24 import strict, xml
from perfkit.worlds.bitrix24.answers import ApiError, Reply
from perfkit.worlds.bitrix24.faults import REFUSALS
from perfkit.worlds.bitrix24.reading import VERBS, XML, Call, Where
from perfkit.worlds.service.messages import status_line
from perfkit.worlds.workers import WorkerPool

if TYPE_CHECKING:
    from perfkit.worlds.bitrix24.admin import Admin
    from perfkit.worlds.bitrix24.portal import Portal
    from perfkit.worlds.bitrix24.replay import Recorder

MAX_KEYS, MAX_KEY_CHARACTERS = 10, 60
"""What is told of dropped filter keys."""

JSON_TYPE = "application/json; charset=utf-8"
XML_TYPE = "text/xml; charset=utf-8"
HTML_TYPE = "text/html; charset=UTF-8"

NO_SUCH_PAGE = b"<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1></body></html>\n"


class Sent(NamedTuple):
    """An answer as it goes out: ``headers`` are all but those of framing.

    ``cut`` says how the connection ends instead, as a Reply's does: "reset", "cut", "drop" or "".
    """

    status: int
    content_type: str
    headers: dict[str, str]
    body: bytes
    cut: str = ""


class Desk:
    """The portal with its workers, behind any front.

    ``secure``: requests come over HTTPS. ``admin`` answers what begins with its path, ``recorder`` writes
    down what is answered.
    """

    def __init__(
        self,
        portal: Portal,
        *,
        secure: bool = False,
        admin: Admin | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        self.portal = portal
        self.workers = WorkerPool(portal.config.workers)
        self.admin = admin
        if admin is not None:
            admin.workers = self.workers
        self._recorder = recorder
        self._secure = secure
        self._in_cloud = portal.config.burst is not None

    def refuse(self, where: Where, client: str) -> Reply | None:
        """What a request is told that is not let in, or None. ``client`` is the address it came from."""
        return self.portal.refuse(where.method, client=client)

    @property
    def number(self) -> int:
        """The number of the request that ``refuse`` has seen last."""
        return self.portal.faults.arrived

    def run(self, call: Call, client: str, number: int, queued_s: float) -> Reply:
        """Carry out a request that was let in, with a worker held; ``queued_s`` is how long it waited."""
        portal, where = self.portal, call.where
        caller = portal.authenticate(where.user, call.token, secure=self._secure)
        try:
            reply = portal.run(where.method, call.params, caller=caller, client=client, number=number)
        except Exception as error:
            return self._broke(where.method, error)
        row = reply.row
        if row is not None:
            row.verb, row.received_bytes = call.verb, call.body_bytes
            row.queued_ns = round(queued_s * 1e9)
            row.in_flight = self.workers.busy + self.workers.waiting
        if self._recorder is not None:
            self._recorder.record(call, reply)
        return reply

    def _broke(self, method: str, error: Exception) -> Reply:
        """The answer where the portal itself is at fault; whoever runs it is told."""
        said = f"the mock portal failed at {method}, and answered 500: please report it"
        asyncio.get_running_loop().call_exception_handler({"message": said, "exception": error})
        refusal = ApiError(*REFUSALS["500"])
        return Reply(refusal.status, refusal.body(), self.portal.config.base_ns)

    def sent(self, where: Where, reply: Reply, queued_s: float) -> Sent:
        """The answer in the form that was asked for."""
        took_ms = queued_s * 1e3 + reply.cost_ns / 1e6
        headers = {"Server-Timing": f"portal;dur={took_ms:.3f}{_dropped(reply.dropped)}"}
        if self._in_cloud and reply.row is not None:
            headers["X-Bitrix-Rest-Time"] = f"{reply.cost_ns / 1e9:.10f}"
        if reply.notes:
            headers[strict.HEADER] = strict.header(reply.notes)
        headers.update(reply.headers)
        kind, body = _encoded(where, reply)
        if reply.row is not None:
            reply.row.sent_bytes = len(body)
        return Sent(reply.status, kind, headers, body, reply.cut)


def _encoded(where: Where, reply: Reply) -> tuple[str, bytes]:
    """Content type and body."""
    if reply.raw is not None:
        return reply.content_type, reply.raw
    if where.form == XML:
        return XML_TYPE, xml.encode(reply.body)
    return JSON_TYPE, msgspec.json.encode(reply.body)


def head_of(sent: Sent, *, keep_alive: bool) -> bytes:
    """Status line and headers."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in sent.headers.items()])
    close = "" if keep_alive else "Connection: close\r\n"
    return (
        f"{status_line(sent.status)}Content-Type: {sent.content_type}\r\n"
        f"Content-Length: {len(sent.body)}\r\n{lines}{close}\r\n"
    ).encode("latin-1", "replace")


def without_a_call(verb: str, *, known: bool) -> Sent:
    """The answer to what is no call of a method: another verb, or a path outside the REST interface."""
    if not known:
        return Sent(404, HTML_TYPE, {}, NO_SUCH_PAGE)
    allowed = {"Allow": ", ".join((*VERBS, "OPTIONS"))}
    if verb == "OPTIONS":
        return Sent(200, HTML_TYPE, allowed, b"")
    return Sent(405, HTML_TYPE, allowed, b"")


def _dropped(keys: tuple[str, ...]) -> str:
    """The filter keys that were ignored, for whoever watches; cut short, since headers have a limit."""
    if not keys:
        return ""
    told = " ".join(quote(key[:MAX_KEY_CHARACTERS], safe="") for key in keys[:MAX_KEYS])
    return f', dropped-filter;desc="{told}"'
