"""The HTTP front, over a real loopback connection with aiohttp's own client."""

import asyncio
import socket

import aiohttp
import pytest

from perfkit.errors import WorldError
from perfkit.worlds.bitrix24 import WEBHOOK_PATH, Portal, PortalConfig
from perfkit.worlds.bitrix24.app import WORKERS, make_app
from perfkit.worlds.bitrix24.server import start_server
from perfkit.worlds.serving import start
from tests.worlds.bitrix24.helpers import Clock, ids, make_portal

FREE = {"base_ns": 0, "command_ns": 0, "row_ns": 0, "count_row_ns": 0, "refused_ns": 0}


def serve(portal, client):
    """What ``client(session, url)`` returns, run against ``portal`` as a server."""

    async def scenario():
        runner, url = await start_server(portal)
        try:
            async with aiohttp.ClientSession() as session:
                return await client(session, url)
        finally:
            await runner.cleanup()

    return asyncio.run(scenario())


def ask(method, *, portal=None, verb="POST", **request):
    """Status and JSON of one request."""

    async def client(session, url):
        async with session.request(verb, url + method, **request) as answer:
            assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
            return answer.status, await answer.json()

    return serve(portal or make_portal(leads=20, **FREE), client)


def test_the_address_is_the_webhook():
    async def client(session, url):
        return url

    url = serve(make_portal(), client)
    assert url.startswith("http://127.0.0.1:")
    assert url.endswith(WEBHOOK_PATH)


LAST = {"filter": {">ID": 28}, "select": ["ID"]}
FORM = aiohttp.FormData([("filter[>ID]", "28"), ("select[]", "ID")])


def _multipart():
    form = aiohttp.FormData([("filter[>ID]", "28"), ("select[]", "ID")])
    form.add_field("file", b"x", filename="x.txt")
    return form


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("crm.lead.list", {"json": LAST}),
        ("crm.lead.list.json", {"json": LAST}),
        ("crm.lead.List.JSON/", {"json": LAST}),
        ("crm.lead.list", {"data": '{"filter": {">ID": 28}}', "headers": {"Content-Type": "text/plain"}}),
        ("crm.lead.list?filter[>ID]=28&select[]=ID", {"verb": "GET"}),
        ("crm.lead.list?filter%5B%3EID%5D=28", {"verb": "POST"}),
        ("crm.lead.list", {"data": FORM}),
        ("crm.lead.list", {"data": _multipart()}),
        ("crm.lead.list?filter[>ID]=1", {"json": LAST}),
        ("crm.lead.list?filter[>ID]=28", {"json": {"order": {"ID": "ASC"}}}),
    ],
)
def test_parameters_come_in_the_query_and_in_three_kinds_of_body(method, request_):
    status, body = ask(method, **request_)
    assert status == 200
    assert ids(body["result"]) == [29, 30]


@pytest.mark.parametrize("body", [b"{", b"", b"5", b"null", b"\xff\xfe", b"[" * 100_000, b'"text"', b"[1]"])
def test_a_body_that_is_none_counts_for_nothing(body):
    status, answer = ask("crm.lead.get?ID=3", data=body, headers={"Content-Type": "application/json"})
    assert (status, answer["result"]["ID"]) == (200, "3")


def test_a_broken_multipart_body_counts_for_nothing():
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert ask("crm.lead.get?ID=3", data=b"nothing of the kind", headers=headers)[0] == 200
    assert ask("crm.lead.get?ID=3", data=b"x", headers={"Content-Type": "multipart/form-data"})[0] == 200


def test_errors_keep_their_status():
    assert ask("crm.nope")[0] == 404
    assert ask("crm.lead.get", json={"ID": 999})[0] == 400

    async def wrong_token(session, url):
        async with session.get(url.replace("perfkit", "other") + "crm.lead.list") as answer:
            return answer.status, (await answer.json())["error"]

    assert serve(make_portal(), wrong_token) == (401, "INVALID_CREDENTIALS")


def test_refused_requests_take_no_worker():
    portal = make_portal(leads=20, burst=3, **FREE)

    async def scenario():
        app = make_app(portal)
        runner, base = await start(app, "127.0.0.1", 0)
        async with aiohttp.ClientSession() as session:

            async def one():
                async with session.get(base + WEBHOOK_PATH + "profile") as answer:
                    return answer.status

            statuses = await asyncio.gather(*(one() for _ in range(5)))
        await runner.cleanup()
        return sorted(statuses), app[WORKERS].served

    assert asyncio.run(scenario()) == ([200, 200, 200, 503, 503], 3)


def test_no_more_requests_are_served_at_once_than_there_are_workers():
    clock = Clock()
    arrived = []
    portal = make_portal(leads=20, workers=2, clock=lambda: arrived.append(1) or clock())

    async def scenario():
        app = make_app(portal)
        workers = app[WORKERS]
        runner, base = await start(app, "127.0.0.1", 0)
        async with aiohttp.ClientSession() as session:

            async def one():
                async with session.get(base + WEBHOOK_PATH + "crm.lead.get?ID=1") as answer:
                    return float(answer.headers["Server-Timing"].removeprefix("portal;dur="))

            async with workers.serve(), workers.serve():
                requests = [asyncio.create_task(one()) for _ in range(6)]
                while len(arrived) < 6:
                    await asyncio.sleep(0.001)
                assert workers.served == 0
            took_ms = sorted(await asyncio.gather(*requests))
        await runner.cleanup()
        return workers, took_ms

    workers, took_ms = asyncio.run(scenario())
    assert (workers.peak_busy, workers.served) == (2, 8)
    slack_ms = 0.1  # a sleep may end early by the resolution of the loop's clock
    assert took_ms[0] >= 3.52
    assert took_ms[-1] >= 3 * 3.52 - slack_ms, "the last pair waited for two others"


def test_the_first_request_of_a_connection_waits_for_the_handshake_too(monkeypatch):
    slept = []
    real_sleep = asyncio.sleep

    async def sleep(seconds, result=None):
        slept.append(seconds)
        return await real_sleep(0, result)

    async def client(session, url):
        monkeypatch.setattr(asyncio, "sleep", sleep)
        for _ in range(3):
            async with session.get(url + "profile") as answer:
                await answer.read()
        monkeypatch.undo()

    serve(Portal(PortalConfig(leads=1, rtt_ns=30_000_000, **FREE)), client)
    assert [seconds for seconds in slept if seconds] == [0.06, 0.03, 0.03]


def test_a_port_in_use_is_an_error_that_says_what_to_do():
    async def scenario(port):
        await start_server(make_portal(), "127.0.0.1", port)

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(WorldError, match=f"{port}.*--port"):
            asyncio.run(scenario(port))
