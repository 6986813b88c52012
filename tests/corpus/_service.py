"""The web service that the HTTP programs call: a small shop with users, orders, jobs and files.

``running()`` serves it on free ports of the loopback, from a thread of its own, with fresh data: for one
program at a time. Each answer takes LATENCY_S more than its work, so that round trips cost something.
"""

import asyncio
import contextlib
import json
import logging
import ssl
import threading
from functools import cache
from typing import NamedTuple
from urllib.parse import parse_qsl

import aiohttp
import httpx
import requests
from aiohttp import web

LATENCY_S = 0.002
SHARDS = 3
"""So many more ports serve the same data: other hosts to a client."""

POLLS_UNTIL_DONE = 3
BIG_ROWS = 50_000
"""Rows of /export, about 6 MB: parsing them takes longer than the event loop may be held up."""

FILE = bytes(range(256)) * 1024


class World(NamedTuple):
    """Where the service is: ``url`` and the ``shards`` have no slash at their ends.

    ``tls`` saves httpx from reading the certificates anew for each client, which takes 20 ms.
    """

    url: str
    shards: list[str]
    tls: ssl.SSLContext
    dsn: str = ""


@contextlib.contextmanager
def running(dsn=""):
    """Serve until the block is left; gives a World."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    runner = web.AppRunner(_app(), access_log=None, logger=_quiet(), shutdown_timeout=0.2)
    try:
        ports = asyncio.run_coroutine_threadsafe(_serve(runner), loop).result(10)
        url, *shards = (f"http://127.0.0.1:{port}" for port in ports)
        _use_clients(url)
        yield World(url, shards, _tls(), dsn)
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def _quiet():
    """For what a client leaves unread when its program ends."""
    logger = logging.getLogger(__name__)
    logger.setLevel(logging.CRITICAL)
    return logger


async def _serve(runner):
    await runner.setup()
    ports = []
    for _ in range(1 + SHARDS):
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        ports.append(site._server.sockets[0].getsockname()[1])
    return ports


_used = set()


def _use_clients(url):
    """Call once with each client: its first call imports more of it, which is no program's doing."""
    if not _used:
        _used.add(url)
        requests.get(f"{url}/health", timeout=10)
        asyncio.run(_use_asynchronous_clients(f"{url}/health"))


async def _use_asynchronous_clients(url):
    async with httpx.AsyncClient(verify=_tls()) as client, aiohttp.ClientSession() as session:
        await client.get(url)
        await session.get(url)


@cache
def _tls():
    return ssl.create_default_context()


def _app():
    app = web.Application(middlewares=[_delayed], client_max_size=2**24)
    app[DATA] = Data()
    app.add_routes(routes)
    return app


@web.middleware
async def _delayed(request, handler):
    await asyncio.sleep(LATENCY_S)
    return await handler(request)


class Data:
    """What the service knows; gone with it."""

    def __init__(self):
        self.items = {
            n: {
                "id": n,
                "sku": f"SKU-{1000 + n}",
                "name": f"Item {n}",
                "price": 5 + n % 9,
                "seller_id": n % 6 + 1,
            }
            for n in range(1, 61)
        }
        self.users = {
            n: {"id": n, "email": f"user{n}@example.com", "company_id": n % 8 + 1, "manager_id": n // 2}
            for n in range(1, 41)
        }
        self.companies = {n: {"id": n, "name": f"Company {n}", "address_id": 100 + n} for n in range(1, 9)}
        self.addresses = {100 + n: {"id": 100 + n, "city": "Riga" if n % 2 else "Graz"} for n in range(1, 9)}
        self.orders = {
            n: {"id": n, "user_id": n % 40 + 1, "item_id": n % 60 + 1, "total": n * 3, "status": "open"}
            for n in range(1, 81)
        }
        self.notes = []
        self.polls = {}
        self.uploads = {}
        self.refusals = {}
        self.next_id = 1000

    def new_id(self):
        self.next_id += 1
        return self.next_id


DATA = web.AppKey("data", Data)
COLLECTIONS = ("items", "users", "companies", "addresses", "orders")
routes = web.RouteTableDef()
answer = web.json_response


def _data(request):
    return request.app[DATA]


def _collection(request):
    name = request.match_info["collection"]
    if name not in COLLECTIONS:
        raise web.HTTPNotFound
    return getattr(_data(request), name)


# One and many


@routes.get("/{collection:items|users|companies|addresses|orders}/{id:\\d+}")
async def _one(request):
    row = _collection(request).get(int(request.match_info["id"]))
    if row is None:
        raise web.HTTPNotFound
    etag = f'"{row["id"]}-1"'
    if request.headers.get("If-None-Match") == etag:
        return web.Response(status=304, headers={"ETag": etag})
    return answer(row, headers={"ETag": etag})


@routes.put("/{collection:items|users|orders}/{id:\\d+}")
@routes.patch("/{collection:items|users|orders}/{id:\\d+}")
async def _change(request):
    row = _collection(request)[int(request.match_info["id"])]
    row.update(await request.json())
    return answer(row)


@routes.delete("/{collection:items|users|orders}/{id:\\d+}")
async def _delete(request):
    _collection(request).pop(int(request.match_info["id"]), None)
    return web.Response(status=204)


@routes.get("/{collection:items|users|companies|addresses|orders}")
async def _listing(request):
    """By ids, by a field, or a page by number, offset, cursor, key or Link header."""
    query, rows = request.query, list(_collection(request).values())
    if "ids" in query or "id" in query:
        wanted = {
            int(n) for text in query.getall("ids", query.getall("id", [])) for n in text.split(",") if n
        }
        return answer({"data": [row for row in rows if row["id"] in wanted]})
    for field in ("user_id", "seller_id", "email", "sku", "status"):
        if field in query:
            rows = [row for row in rows if str(row.get(field)) == query[field]]
    size = int(query.get("limit", query.get("per_page", 20)))
    after = int(query.get("cursor") or query.get("after_id") or 0)
    first = int(query.get("offset", (int(query.get("page", 1)) - 1) * size))
    rows = [row for row in rows if row["id"] > after]
    page, more = rows[first : first + size], first + size < len(rows)
    body = {
        "data": page,
        "has_more": more,
        "total": len(rows),
        "next_cursor": str(page[-1]["id"]) if more else None,
    }
    number = int(query.get("page", 1)) + 1
    links = {"Link": f'<{request.url.update_query(page=number)}>; rel="next"'} if more else {}
    return answer(body, headers=links)


@routes.post("/{collection:items|users|orders}")
async def _create(request):
    row = {**await request.json(), "id": _data(request).new_id()}
    _collection(request)[row["id"]] = row
    return answer(row, status=201)


@routes.post("/{collection:items|users|orders}/batch")
async def _many(request):
    body, rows = await request.json(), _collection(request)
    await asyncio.sleep(LATENCY_S)
    return answer(
        {"data": [rows[n] for n in body.get("ids", []) if n in rows], "stored": len(body.get("rows", []))}
    )


@routes.get("/orders/{id:\\d+}/{part:lines|shipment|invoice}")
@routes.get("/users/{id:\\d+}/{part:avatar|orders|permissions|settings}")
async def _part(request):
    return answer({"of": int(request.match_info["id"]), request.match_info["part"]: ["a", "b"]})


@routes.post("/orders/{id:\\d+}/{action:notes|cancel|ship}")
@routes.post("/users/{id:\\d+}/{action:invite|notify}")
async def _act(request):
    _data(request).notes.append((request.match_info["id"], request.match_info["action"]))
    return answer({"ok": True}, status=201)


# Single things: the name says what they would be in a shop


@routes.get(
    "/{name:health|config|rates|profile|notifications|feed|banners|weather|prices|stock|geocode|token|whoami"
    "|recommendations|reviews|categories|shipping|taxes|summary|traffic|alerts}"
)
async def _thing(request):
    return answer({"name": request.match_info["name"], **dict(request.query), "value": 42})


@routes.get("/{name:stock|prices|currencies|categories|reviews}/{key}")
async def _keyed(request):
    return answer({"key": request.match_info["key"], "value": 7})


@routes.post(
    "/{name:token|metrics|events|webhooks|emails|invoices|payments|search|translate|geocode|logs|sms}"
)
async def _post(request):
    body = await request.json() if request.can_read_body else {}
    size = len(body) if isinstance(body, list) else 1
    return answer(
        {"id": _data(request).new_id(), "accepted": size, "hits": [1, 2], "token": "t0k3n"}, status=201
    )


@routes.get("/slow")
async def _slow(request):
    await asyncio.sleep(int(request.query.get("ms", 20)) / 1000)
    return answer({"slept": True})


@routes.get("/events/next")
async def _long_poll(request):
    await asyncio.sleep(0.01)
    after = int(request.query.get("after", 0))
    return answer({"events": [{"id": after + 1}], "last": after + 1})


@routes.get("/redirect/{left:\\d+}")
async def _redirect(request):
    left = int(request.match_info["left"])
    raise web.HTTPFound(f"/redirect/{left - 1}" if left else "/whoami")


@routes.get("/export")
async def _export(request):
    return web.Response(body=big_json(), content_type="application/json")


@routes.get("/export.ndjson")
async def _lines(request):
    return web.Response(body=b"".join(b'{"id": %d, "price": %d}\n' % (n, n) for n in range(3000)))


@cache
def big_json():
    """A document of about 6 MB, as JSON."""
    rows = (
        {"id": n, "name": f"Item {n}", "price": n * 1.25, "tags": ["a", "b", str(n)]} for n in range(BIG_ROWS)
    )
    return json.dumps([{**row, "owner": {"id": row["id"] % 7, "city": "Riga"}} for row in rows]).encode()


@routes.post("/import")
async def _import(request):
    return answer({"bytes": len(await request.read())}, status=201)


# Refusals


@routes.route("*", "/limited/{key}")
@routes.route("*", "/flaky/{key}")
async def _refusing(request):
    """429 (limited) or 503 (flaky) for the first ``fail`` calls of each key, as often as each asks for."""
    refusals, key = _data(request).refusals, request.path
    refusals[key] = refusals.get(key, 0) + 1
    if refusals[key] <= int(request.query.get("fail", 1)):
        status = 429 if request.path.startswith("/limited") else 503
        return answer({"error": "later"}, status=status, headers={"Retry-After": "0"})
    return answer({"key": request.match_info["key"], "ok": True})


# Jobs, files, uploads


@routes.post("/jobs")
async def _start_job(request):
    return answer({"id": _data(request).new_id(), "state": "queued"}, status=202)


@routes.get("/jobs/{id:\\d+}")
async def _job(request):
    polls, job = _data(request).polls, request.match_info["id"]
    polls[job] = polls.get(job, 0) + 1
    return answer({"id": job, "state": "done" if polls[job] > POLLS_UNTIL_DONE else "running"})


@routes.get("/files/{name}")
async def _file(request):
    wanted = request.http_range
    part = FILE[wanted.start : wanted.stop]
    headers = {
        "Content-Range": f"bytes {wanted.start or 0}-{(wanted.start or 0) + len(part) - 1}/{len(FILE)}"
    }
    return web.Response(body=part, status=206 if "Range" in request.headers else 200, headers=headers)


@routes.post("/uploads")
async def _start_upload(request):
    number = _data(request).new_id()
    _data(request).uploads[number] = {}
    return answer({"id": number}, status=201)


@routes.put("/uploads/{id:\\d+}/parts/{part:\\d+}")
async def _upload_part(request):
    parts = _data(request).uploads[int(request.match_info["id"])]
    parts[int(request.match_info["part"])] = len(await request.read())
    return web.Response(status=204, headers={"ETag": f'"p{len(parts)}"'})


@routes.post("/uploads/{id:\\d+}/complete")
async def _finish_upload(request):
    return answer({"size": sum(_data(request).uploads[int(request.match_info["id"])].values())})


# Calls by name


@routes.post("/rest/{user:\\d+}/{token}/{method}")
async def _portal(request):
    """A CRM portal: one method, or ``batch`` with up to 50 commands ``method?query``."""
    body = await request.json() if request.can_read_body else {}
    method = request.match_info["method"].removesuffix(".json")
    if method == "batch":
        await asyncio.sleep(LATENCY_S)
        results = {name: _crm(*command.split("?", 1)) for name, command in body["cmd"].items()}
        return answer({"result": {"result": results}})
    return answer({"result": _crm(method, body), "total": 120, **_next(body)})


def _crm(method, asked=""):
    asked = dict(parse_qsl(asked)) if isinstance(asked, str) else asked
    if method.endswith(".list"):
        start = int(asked.get("start", 0))
        return [{"ID": start + n + 1, "TITLE": f"Row {n}", "CONTACT_ID": n + 1} for n in range(50)]
    return {"ID": asked.get("id") or asked.get("ID") or 1, "NAME": "Ada"}


def _next(body):
    start = int(body.get("start", 0)) + 50
    return {"next": start} if start < 120 else {}


@routes.post("/rpc")
async def _rpc(request):
    body = await request.json()
    calls = body if isinstance(body, list) else [body]
    done = [{"jsonrpc": "2.0", "id": call["id"], "result": {"of": call["params"]}} for call in calls]
    return answer(done if isinstance(body, list) else done[0])


@routes.post("/graphql")
async def _graphql(request):
    variables = (await request.json()).get("variables") or {}
    after = int(variables.get("after") or 0)
    page = {"nodes": [{"id": after + n} for n in range(1, 6)]}
    page["pageInfo"] = {"hasNextPage": after < 15, "endCursor": str(after + 5)}
    data = {"user": {"id": variables.get("id"), "name": "Ada"}, "orders": page, "products": page["nodes"]}
    return answer({"data": data})
