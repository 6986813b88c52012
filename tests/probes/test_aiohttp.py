import asyncio
import inspect
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

import perfkit
from perfkit.probes.http import server_timing_ns


async def echo(request):
    body = await request.read()
    headers = {"Server-Timing": request.query.get("timing", "app;dur=1.5")} if request.method == "GET" else {}
    status = int(request.query.get("status", 200))
    return web.Response(body=b"x" * 10 + body, status=status, headers=headers)


async def slow_body(request):
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"head")
    await request.app["go"].wait()
    await response.write(b"tail")
    return response


@asynccontextmanager
async def server():
    app = web.Application()
    app.router.add_route("*", "/slow", slow_body)
    app.router.add_route("*", "/{tail:.*}", echo)
    with pytest.warns(web.NotAppKeyWarning):
        app["go"] = asyncio.Event()
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", app["go"]
    finally:
        await runner.cleanup()


def run(main):
    """Record ``main(session, url, go)`` against a real server."""

    async def whole():
        async with server() as (url, go), aiohttp.ClientSession() as session:
            with perfkit.record() as rec:
                await main(session, url, go)
        return rec

    return asyncio.run(whole())


def test_a_request_and_its_connection():
    async def main(session, url, go):
        for number in (1, 2):
            async with session.post(
                f"{url}/users/{number}?page=2", json={"filter": {"ID": number}}
            ) as answer:
                await answer.read()

    rec = run(main)
    assert (rec.counts["request"], rec.counts["connect"]) == (2, 1)
    first, connect, second = rec.trace.spans
    assert connect.parent == first.id
    assert first.name == f"POST {first.attrs['host']}/users/{{id}}?page="
    assert first.attrs["host"].startswith("127.0.0.1:")
    assert (first.attrs["connection"], second.attrs["connection"]) == ("new", "reused")
    assert first.attrs["body"] == "{filter:{ID:?}}"
    assert (first.attrs["status"], first.attrs["bytes_sent"], first.attrs["bytes_received"]) == (200, 21, 31)
    assert set(first.attrs["params"]) == {"filter.ID", "?page", "path"}
    varying = {k for k in first.attrs["params"] if first.attrs["params"][k] != second.attrs["params"][k]}
    assert varying == {"filter.ID", "path"}


def test_the_site_is_the_awaiting_line():
    async def main(session, url, go):
        async with session.get(url) as answer:
            main.line = inspect.currentframe().f_lineno - 1
            await answer.read()

    (found,) = run(main).trace.of_kind("request")
    assert (found.site.file, found.site.line) == ("tests/probes/test_aiohttp.py", main.line)


def test_values_stay_out_of_the_trace():
    async def main(session, url, go):
        await session.post(f"{url}/rest/1/s3cr3t-tok/crm.lead.list?auth=s3cr3t-q", json={"pw": "s3cr3t-b"})
        await session.get(url, params={"key": "s3cr3t-p"}, headers={"Authorization": "s3cr3t-h"})

    trace = run(main).trace
    assert len(trace.of_kind("request")) == 2
    assert "s3cr3t" not in repr(trace)


def test_server_timing_and_status():
    async def main(session, url, go):
        await session.get(f"{url}/x?status=503")

    (found,) = run(main).trace.of_kind("request")
    assert (found.attrs["server_ns"], found.attrs["status"]) == (1_500_000, 503)


def test_the_span_lasts_until_the_body_has_arrived():
    async def main(session, url, go):
        async with session.get(f"{url}/slow") as answer:
            with perfkit.span("before the body"):
                pass
            go.set()
            assert await answer.read() == b"headtail"
        with perfkit.span("after"):
            pass

    spans = {s.name.partition(" ")[0]: s for s in run(main).trace.spans}
    assert spans["before"].end_ns < spans["GET"].end_ns < spans["after"].start_ns
    assert spans["GET"].attrs["bytes_received"] == 8
    assert spans["before"].parent is None


def test_failures_are_recorded_and_pass_on():
    async def main(session, url, go):
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get("http://127.0.0.1:9/")
        with pytest.raises(aiohttp.ClientResponseError):
            await session.get(f"{url}/x?status=404", raise_for_status=True)
        with pytest.raises(aiohttp.InvalidUrlClientError):
            await session.get("http://")

    trace = run(main).trace
    assert [s.error for s in trace.of_kind("request")] == [
        "ClientConnectorError",
        "ClientResponseError",
        "InvalidUrlClientError",
    ]
    assert [s.attrs["status"] for s in trace.of_kind("request")] == [0, 404, 0]
    assert trace.of_kind("connect")[0].error == "ClientConnectorError"


def test_gathered_requests_are_one_loop():
    async def main(session, url, go):
        async def one(number):
            async with session.get(f"{url}/users/{number}") as answer:
                await answer.read()

        await asyncio.gather(*(one(number) for number in range(6)))

    (finding,) = run(main).findings()
    assert (finding.rule, finding.count) == ("PK102", 6)
    assert finding.site.function == "test_gathered_requests_are_one_loop.main.one"


def test_instrumenting_is_idempotent_and_reversible():
    perfkit.uninstrument("aiohttp")
    plain = aiohttp.ClientSession._request
    assert perfkit.instrument("aiohttp") == ["aiohttp"]
    watched = aiohttp.ClientSession._request
    perfkit.instrument("aiohttp")
    assert aiohttp.ClientSession._request is watched is not plain
    perfkit.uninstrument("aiohttp")
    perfkit.uninstrument()
    assert aiohttp.ClientSession._request is plain


def test_sessions_opened_before_the_recording_are_seen():
    perfkit.uninstrument()

    async def main(session, url, go):
        await session.get(url)

    assert run(main).counts["request"] == 1


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("a;dur=1", 1_000_000),
        ("a;dur=1.5, b;dur=2", 3_500_000),
        ("a", 0),
        ("a;dur=x", 0),
        ('a;dur="2"', 2_000_000),
    ],
)
def test_server_timing(header, expected):
    assert server_timing_ns(header) == expected


@pytest.mark.parametrize("duration", ["inf", "-inf", "nan", "1e400", "1e300", "-5"])
def test_durations_no_server_can_mean_are_ignored(duration):
    assert server_timing_ns(f"db;dur={duration}, app;dur=2") == 2_000_000


def test_an_odd_server_timing_does_not_fail_the_request():
    async def main(session, url, go):
        for duration in ("inf", "nan", "1e400"):
            async with session.get(f"{url}/x", params={"timing": f"db;dur={duration}"}) as answer:
                assert await answer.read() == b"x" * 10

    found = run(main).trace.of_kind("request")
    assert [(s.attrs["status"], s.attrs["server_ns"], s.error) for s in found] == [(200, 0, None)] * 3


class Odd:
    """An object that cannot be shown."""

    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__


def itself():
    data = {"a": 1}
    data["self"] = data
    return data


ODD = {
    "an unclosed address": ("GET", "http://[::1", {}),
    "no such port": ("GET", "http://h:99999999/", {}),
    "no host": ("GET", "http://", {}),
    "no scheme": ("GET", "nowhere", {}),
    "no text for a URL": ("GET", 5, {}),
    "no text for a method": (5, "{url}/x", {}),
    "data that holds itself": ("POST", "{url}/x", {"json": itself()}),
    "data without a text": ("POST", "{url}/x", {"json": {"a": Odd()}}),
    "a deep body": ("POST", "{url}/x", {"data": "[" * 5000 + "]" * 5000}),
    "parameters of no kind": ("GET", "{url}/x", {"params": 5}),
    "parameters that run out": ("GET", "{url}/x", {"params": iter([("a", "1")])}),
    "parameters without a text": ("GET", "{url}/x", {"params": {"a": Odd()}}),
    "an odd length": ("POST", "{url}/x", {"data": b"abc", "headers": {"Content-Length": "three"}}),
    "a false length": ("POST", "{url}/x", {"data": b"abc", "headers": {"Content-Length": " 3"}}),
    "an option that is none": ("GET", "{url}/x", {"nonsense": 1}),
    "a body that is an object": ("POST", "{url}/x", {"data": object()}),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_requests_end_as_they_do_without_the_probe(name):
    method, address, options = ODD[name]
    seen = []

    async def main(session, url, go):
        target = address.replace("{url}", url) if isinstance(address, str) else address
        timeout = aiohttp.ClientTimeout(total=0.5)
        try:
            async with session.request(method, target, timeout=timeout, **options) as answer:
                await answer.read()
                seen.append(answer.status)
        except Exception as error:
            seen.append(type(error))

    async def plain():
        async with server() as (url, go), aiohttp.ClientSession() as session:
            await main(session, url, go)

    perfkit.uninstrument("aiohttp")
    asyncio.run(plain())
    perfkit.instrument("aiohttp")
    trace = run(main).trace
    assert seen[0] == seen[1]
    (found,) = trace.of_kind("request")
    assert found.error == (None if isinstance(seen[1], int) else seen[1].__name__)


def test_what_a_body_cannot_tell_the_url_still_does():
    async def main(session, url, go):
        with pytest.raises(ValueError, match="Circular"):
            await session.post(f"{url}/users/7", json=itself())
        with pytest.raises(TypeError):
            await session.post(f"{url}/users/7", json={"a": Odd()})

    first, second = run(main).trace.of_kind("request")
    assert first.attrs["template"] == second.attrs["template"] == "/users/{id}"
    assert (first.attrs["body"], second.attrs["body"]) == ("{a:?,self:...}", "")
