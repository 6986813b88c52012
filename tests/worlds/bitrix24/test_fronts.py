"""Both fronts answer alike, on real sockets and in the simulation."""

import asyncio
import gzip
import ssl
import sys
from contextlib import asynccontextmanager

import aiohttp
import pytest

from perfkit.errors import MissingExtraError, UnknownNameError, WorldError
from perfkit.sim import Link, Network, run
from perfkit.worlds.bitrix24.config import ACCESS_TOKEN, WEBHOOK_PATH
from perfkit.worlds.bitrix24.desk import Desk
from perfkit.worlds.bitrix24.faults import Fault
from perfkit.worlds.bitrix24.server import FRONTS, serve
from perfkit.worlds.bitrix24.world import Bitrix24
from perfkit.worlds.service.certificates import make_context
from tests.worlds.bitrix24.helpers import Clock, ids, make_portal

FREE = {"base_ns": 0, "command_ns": 0, "row_ns": 0, "count_row_ns": 0, "refused_ns": 0}
HTML = "text/html"

both = pytest.mark.parametrize("front", FRONTS)


@asynccontextmanager
async def served(portal, front, **options):
    """A session whose URLs begin at the root of the portal."""
    desk = Desk(portal, **options)
    async with (
        serve(desk, front=front) as server,
        aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as session,
    ):
        yield session


def ask(front, verb, path, *, portal=None, **request):
    """Status, headers and body of one request."""

    async def scenario():
        async with (
            served(portal or make_portal(leads=20, **FREE), front) as session,
            session.request(verb, path, **request) as answer,
        ):
            return answer.status, answer.headers, await answer.read()

    return asyncio.run(scenario())


@both
def test_kinds_of_requests(front):
    async def scenario():
        async with served(make_portal(leads=20, **FREE), front) as session:
            last = {"filter": {">ID": 28}}
            form = aiohttp.FormData([("filter[>ID]", "28")])
            many = aiohttp.FormData([("filter[>ID]", "28")])
            many.add_field("file", b"x", filename="x.txt")
            packed = gzip.compress(b'{"filter": {">ID": 28}}')
            hook = f"{WEBHOOK_PATH}crm.lead.list"
            for verb, path, request in [
                ("POST", hook, {"json": last}),
                ("POST", f"{hook}.json/", {"json": last}),
                ("POST", hook, {"data": form}),
                ("POST", hook, {"data": many}),
                ("POST", hook, {"data": packed, "headers": {"Content-Encoding": "gzip"}}),
                ("GET", f"{hook}?filter[>ID]=28", {}),
                ("GET", f"/rest/crm.lead.list?auth={ACCESS_TOKEN}&filter[>ID]=28", {}),
                ("POST", "/rest/crm.lead.list", {"json": {**last, "auth": ACCESS_TOKEN}}),
            ]:
                async with session.request(verb, path, **request) as answer:
                    assert answer.status == 200, (path, request)
                    assert ids((await answer.json())["result"]) == [29, 30], (path, request)

    asyncio.run(scenario())


@both
def test_xml(front):
    status, headers, body = ask(front, "GET", f"{WEBHOOK_PATH}crm.lead.get.xml?ID=7")
    assert (status, headers["Content-Type"]) == (200, "text/xml; charset=utf-8")
    assert body.startswith(b'<?xml version="1.0" encoding="utf-8"?><response><result><ID>7</ID>')


@both
def test_errors(front):
    path = f"{WEBHOOK_PATH}crm.lead.get"
    assert ask(front, "GET", f"{WEBHOOK_PATH}crm.nope")[0] == 404
    assert ask(front, "GET", f"{path}?ID=999")[0] == 400
    assert ask(front, "GET", "/rest/1/wrong/crm.lead.get")[0] == 401
    assert ask(front, "GET", "/rest/crm.lead.get")[0] == 401
    status, headers, body = ask(front, "GET", "/crm/lead/")
    assert (status, headers["Content-Type"].partition(";")[0]) == (404, HTML)
    assert b"404 Not Found" in body
    assert ask(front, "GET", "/_perfkit/stats")[0] == 404


@both
def test_other_verbs(front):
    path = f"{WEBHOOK_PATH}crm.lead.get?ID=7"
    whole = ask(front, "GET", path)
    status, headers, body = ask(front, "HEAD", path)
    assert (status, body, headers["Content-Length"]) == (200, b"", str(len(whole[2])))
    status, headers, body = ask(front, "OPTIONS", path)
    assert (status, body, headers["Allow"]) == (200, b"", "GET, HEAD, POST, OPTIONS")
    assert ask(front, "DELETE", path)[0] == 405


@both
def test_headers(front):
    cloud = make_portal(leads=20, burst=50, strict="tell")
    path = f"{WEBHOOK_PATH}crm.lead.list?filter[NAM]=x&select[]=ID"
    _, headers, _ = ask(front, "GET", path, portal=cloud)
    assert headers["X-Bitrix-Rest-Time"].startswith("0.00")
    assert headers["Server-Timing"].endswith(', dropped-filter;desc="NAM"')
    assert "NAM" in headers["X-Perfkit-Notes"]
    _, headers, _ = ask(front, "GET", path)
    assert "X-Bitrix-Rest-Time" not in headers
    assert "X-Perfkit-Notes" not in headers


@both
def test_the_journal_knows_what_the_front_knows(front):
    portal = make_portal(leads=20)
    ask(front, "POST", f"{WEBHOOK_PATH}crm.lead.get", json={"ID": 7}, portal=portal)
    (row,) = portal.journal
    assert (row.client, row.verb, row.received_bytes, row.in_flight) == ("127.0.0.1", "POST", 9, 1)
    assert row.sent_bytes > 300
    assert row.queued_ns < 1_000_000_000


# Faults


@both
@pytest.mark.parametrize(
    ("effect", "status", "start"),
    [
        ("503", 503, b'{"error":"QUERY_LIMIT_EXCEEDED"'),
        ("429", 429, b'{"error":"OPERATION_TIME_LIMIT"'),
        ("500", 500, b'{"error":"INTERNAL_SERVER_ERROR"'),
        ("overload", 503, b'{"error":"OVERLOAD_LIMIT"'),
        ("html", 502, b"<html>"),
    ],
)
def test_faults_that_are_answers(front, effect, status, start):
    portal = make_portal(leads=20, faults=(Fault(effect, "crm.lead.*", count=1),), **FREE)
    answered = ask(front, "GET", f"{WEBHOOK_PATH}crm.lead.get?ID=1", portal=portal)
    assert (answered[0], answered[2][: len(start)]) == (status, start)
    assert answered[1]["Content-Type"].startswith("text/html" if effect == "html" else "application/json")
    assert ask(front, "GET", f"{WEBHOOK_PATH}crm.lead.get?ID=1", portal=portal)[0] == 200


@both
def test_connections_that_break(front):
    portal = make_portal(leads=20, faults=(Fault("reset", count=1), Fault("cut", count=1)), **FREE)

    async def scenario():
        async with served(portal, front) as session:
            # no GET: aiohttp would send it again by itself
            for error in (aiohttp.ClientOSError, aiohttp.ClientPayloadError):
                with pytest.raises(error):
                    async with session.post(f"{WEBHOOK_PATH}crm.lead.get?ID=1") as answer:
                        await answer.read()
            async with session.get(f"{WEBHOOK_PATH}crm.lead.get?ID=1") as answer:
                assert answer.status == 200

    asyncio.run(scenario())
    assert [row.status for row in portal.journal] == [0, 200, 200]


@both
def test_a_dropped_request_is_never_answered(front):
    portal = make_portal(leads=20, faults=(Fault("drop", count=2),), **FREE)
    network = Network(Link(rtt_ns=20_000_000))

    async def scenario():
        async with serve(Desk(portal), "portal.test", 80, front=front):
            timeout = aiohttp.ClientTimeout(total=30)
            async with aiohttp.ClientSession("http://portal.test", timeout=timeout) as session:
                with pytest.raises(TimeoutError):
                    await session.get(f"{WEBHOOK_PATH}profile")
                waits = asyncio.create_task(session.get(f"{WEBHOOK_PATH}profile"))
                await asyncio.sleep(1)
                async with session.get(f"{WEBHOOK_PATH}profile") as answer:
                    assert answer.status == 200
                loop_s = asyncio.get_running_loop().time()
                waits.cancel()
                return loop_s

    assert run(scenario, network=network) == pytest.approx(31.08, abs=0.05)


@both
def test_the_server_ends_though_a_dropped_request_waits(front):
    portal = make_portal(leads=20, faults=(Fault("drop"),), **FREE)

    async def scenario():
        async with aiohttp.ClientSession() as session:
            async with serve(Desk(portal), front=front) as server:
                url = f"http://127.0.0.1:{server.port}{WEBHOOK_PATH}profile"
                waits = asyncio.create_task(session.get(url))
                while not portal.journal:
                    await asyncio.sleep(0.001)
            with pytest.raises(aiohttp.ClientError):
                await waits

    asyncio.run(scenario())


# Time


async def _mixed(url, concurrency):
    """Many kinds of requests at once; each one's answer, and when it came."""
    loop, came = asyncio.get_running_loop(), []

    async def one(number):
        async with gate:
            method, params = [
                ("crm.lead.get", {"ID": number}),
                ("crm.lead.list", {"start": number}),
                ("crm.nope", {}),
                ("batch", {"cmd": {"a": f"crm.lead.get?ID={number}", "b": "crm.lead.list"}}),
            ][number % 4]
            async with session.post(url + method, json=params) as answer:
                timing = answer.headers["Server-Timing"]
                body = await answer.json()
                came.append((round(loop.time() * 1e9), answer.status, timing, body.get("result")))

    gate = asyncio.Semaphore(concurrency)
    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(one(number) for number in range(1, 121)))
    return came


@pytest.mark.parametrize(
    ("options", "concurrency"),
    [({"workers": 3}, 20), ({"tariff": "standard", "workers": 2}, 30), ({"tariff": "own"}, 1)],
)
def test_virtual_times_are_the_same(options, concurrency):
    def measured(front):
        network = Network()

        async def scenario():
            world = Bitrix24(rtt_ms=20, front=front, **options)
            async with world.start(60, 1, network) as running:
                came = await _mixed(running.addresses[""], concurrency)
                counters = running.counters()
                counters.pop("peak_busy")  # of those that end and begin at one moment any may be first
                return came, counters

        return run(scenario, network=network)

    assert measured("light") == measured("aiohttp")


def test_a_connection_costs_its_handshake_without_a_simulation(monkeypatch):
    called = []
    portal = make_portal(leads=1, rtt_ns=3_000_000, **FREE)

    async def scenario():
        loop = asyncio.get_running_loop()
        real = loop.call_later
        monkeypatch.setattr(
            loop, "call_later", lambda delay_s, *call: called.append(delay_s) or real(delay_s, *call)
        )
        async with served(portal, "light") as session:
            for _ in range(3):
                async with session.get(f"{WEBHOOK_PATH}profile") as answer:
                    await answer.read()

    asyncio.run(scenario())
    assert [delay_s for delay_s in called if delay_s in (0.003, 0.006)] == [0.006, 0.003, 0.003]


# Starting and ending


@both
def test_https(front):
    tls, ca_pem = make_context("127.0.0.1")
    portal = make_portal(leads=20, https_required=True, **FREE)

    async def scenario():
        async with serve(Desk(portal, secure=True), front=front, tls=tls) as server:
            trusted = ssl.create_default_context(cadata=ca_pem)
            async with aiohttp.ClientSession() as session:
                url = f"https://127.0.0.1:{server.port}{WEBHOOK_PATH}profile"
                async with session.get(url, ssl=trusted) as answer:
                    return answer.status

    assert asyncio.run(scenario()) == 200
    assert ask(front, "GET", f"{WEBHOOK_PATH}profile", portal=portal)[0] == 400


@both
def test_a_port_in_use(front):
    async def scenario():
        desk = Desk(make_portal())
        async with serve(desk, front=front) as server:
            with pytest.raises(WorldError, match=f"127.0.0.1:{server.port}: .*--port"):
                async with serve(desk, port=server.port, front=front):
                    pass

    asyncio.run(scenario())


@both
def test_an_address_of_another_machine(front):
    async def scenario():
        async with serve(Desk(make_portal()), "192.0.2.1", front=front):
            pass

    with pytest.raises(WorldError, match=r"192\.0\.2\.1:0: .* Choose another --host"):
        asyncio.run(scenario())


def test_an_unknown_front():
    async def scenario():
        async with serve(Desk(make_portal()), front="lihgt"):
            pass

    with pytest.raises(UnknownNameError, match="Did you mean 'light'"):
        asyncio.run(scenario())


@both
def test_a_fault_of_the_portal_itself_is_an_answer_and_told(front, monkeypatch):
    portal, told = make_portal(leads=20, workers=1, **FREE), []

    def broken(*_, **__):
        raise ZeroDivisionError

    async def scenario():
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["message"]))
        async with served(portal, front) as session:
            for _ in range(2):
                async with session.get(f"{WEBHOOK_PATH}profile") as answer:
                    assert (answer.status, (await answer.json())["error"]) == (500, "INTERNAL_SERVER_ERROR")
                assert "failed at profile" in told.pop()

    monkeypatch.setattr(portal, "run", broken)
    asyncio.run(scenario())


def test_the_front_on_aiohttp_needs_aiohttp(monkeypatch):
    async def scenario(front):
        async with serve(Desk(make_portal()), front=front):
            pass

    monkeypatch.setitem(sys.modules, "aiohttp", None)
    asyncio.run(scenario("light"))
    with pytest.raises(MissingExtraError, match=r"pip install 'perfkit\[mock\]'"):
        asyncio.run(scenario("aiohttp"))


@both
def test_a_request_that_cannot_be_read_is_no_traceback(front, caplog):
    async def scenario():
        async with serve(Desk(make_portal()), front=front) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"GET * HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")
            said = await reader.read()
            writer.close()
            await writer.wait_closed()
            return said

    assert b" 400 " in asyncio.run(scenario())
    assert not caplog.records


@both
def test_a_client_that_leaves_in_the_middle_of_its_request_is_no_traceback(front, caplog):
    async def scenario():
        async with serve(Desk(make_portal()), front=front) as server:
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            head = f"POST {WEBHOOK_PATH}profile HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"
            writer.write(head.encode() + b"{")
            await writer.drain()
            writer.close()
            await writer.wait_closed()
            url = f"http://127.0.0.1:{server.port}{WEBHOOK_PATH}profile"
            async with aiohttp.ClientSession() as session, session.get(url) as answer:
                return answer.status

    assert asyncio.run(scenario()) == 200
    assert not caplog.records


@pytest.mark.parametrize("begin", [b"nothing of the kind\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"])
def test_what_is_no_request(begin):
    async def scenario():
        async with serve(Desk(make_portal())) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(begin)
            said = await reader.read()
            writer.close()
            await writer.wait_closed()
            return said

    assert asyncio.run(scenario()).startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_the_light_front_ends_with_requests_in_its_queue():
    portal = make_portal(leads=20, workers=1, command_ns=10**12, clock=Clock())

    async def scenario():
        async with aiohttp.ClientSession() as session:
            async with serve(Desk(portal)) as server:
                url = f"http://127.0.0.1:{server.port}{WEBHOOK_PATH}profile"
                waits = [asyncio.create_task(session.get(url)) for _ in range(3)]
                while not portal.journal:
                    await asyncio.sleep(0.001)
            ends = await asyncio.gather(*waits, return_exceptions=True)
            return [isinstance(end, aiohttp.ClientError) for end in ends]

    assert asyncio.run(scenario()) == [True] * 3
