import asyncio
import inspect
import ssl
from contextlib import asynccontextmanager
from itertools import pairwise

import aiohttp
import pytest
from aiohttp import web

import perfkit
from perfkit.fingerprints.values import hash_value
from perfkit.probes.http import server_timing_ns
from tests.probes.server import SECRET, make_certificate, numbers, requests_of, serve, spans_of


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
    first, connect, second = spans_of(rec)
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

    spans = {s.name.partition(" ")[0]: s for s in spans_of(run(main))}
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


def ask(main, *, served=None, **options):
    """Record ``main(session, url)`` against the server that all clients' probes are tested with."""

    async def whole(url):
        async with aiohttp.ClientSession(**options) as session:
            with perfkit.record() as rec:
                await main(session, url)
        return rec

    with serve() as server:
        if served is not None:
            served.append(server)
        return asyncio.run(whole(server.url))


async def read(session, url, method="GET", **options):
    async with session.request(method, url, **options) as answer:
        return await answer.read()


def test_the_attributes_of_a_plain_request():
    async def main(session, url):
        await read(session, f"{url}/users/17", params={"page": "2"})
        await read(session, f"{url}/echo", "POST", json={"filter": {"ID": 5}})

    first, connect, second = spans_of(ask(main))
    host = connect.attrs["host"]
    assert first.attrs == {
        "method": "GET",
        "host": host,
        "template": "/users/{id}?page=",
        "body": "",
        "params": {"?page": hash_value("2"), "path": hash_value("/users/17")},
        "connection": "new",
        "status": 200,
        "server_ns": 1_500_000,
        "bytes_sent": 0,
        "bytes_received": 5,
        "retry": 0,
        "library": "aiohttp",
    }
    assert (connect.name, connect.parent, connect.attrs) == (
        f"connect {host}",
        first.id,
        {"host": host, "library": "aiohttp", "pool": 1},
    )
    assert second.attrs == {
        "method": "POST",
        "host": host,
        "template": "/echo",
        "body": "{filter:{ID:?}}",
        "params": {"filter.ID": hash_value(5)},
        "connection": "reused",
        "status": 200,
        "bytes_sent": 21,
        "bytes_received": 21,
        "retry": 0,
        "library": "aiohttp",
    }


def test_each_redirect_is_a_request():
    async def main(session, url):
        await read(session, f"{url}/redirect/2")
        await read(session, f"{url}/redirect/1", "POST", json={"a": 1})
        await read(session, f"{url}/see-other", "POST", json={"a": 1})
        await read(session, f"{url}/redirect/1", allow_redirects=False)
        await read(session, f"{url}/x")
        with pytest.raises(aiohttp.TooManyRedirects):
            await read(session, f"{url}/redirect/3", max_redirects=2)

    served = []
    rec = ask(main, served=served)
    assert numbers(rec) == [
        *((302, 0, 0), (302, 0, 1), (200, 0, 2)),
        *((307, 0, 0), (200, 0, 1)),
        *((303, 0, 0), (200, 0, 1)),
        *((302, 0, 0), (200, 0, 0)),
        *((302, 0, 0), (302, 0, 1)),
    ]
    assert len(served[0].requests) == 11
    spans = rec.trace.of_kind("request")
    assert [s.attrs["body"] for s in spans[3:7]] == ["{a:?}", "{a:?}", "{a:?}", ""]
    assert [s.error for s in spans] == [*[None] * 10, "TooManyRedirects"]
    assert {s.parent for s in spans} == {None}
    assert len({s.path for s in spans[:3]}) == 1
    assert all(one.end_ns <= other.start_ns for one, other in pairwise(spans))


def test_what_aiohttp_sends_again_is_a_retry():
    async def main(session, url):
        await read(session, f"{url}/x")
        assert await read(session, f"{url}/reset/1") == b"at last"

    rec = ask(main)
    assert numbers(rec) == [(200, 0, 0), (0, 0, 0), (200, 1, 0)]
    _, failed, again = rec.trace.of_kind("request")
    assert failed.error in ("ServerDisconnectedError", "ClientOSError")
    assert [s.attrs["connection"] for s in (failed, again)] == ["reused", "new"]
    assert rec.trace.of_kind("connect")[-1].parent == again.id


def test_what_the_application_sends_again_is_a_retry():
    async def insist(session, url, seconds=None):
        while True:
            async with session.get(f"{url}/unavailable/2") as answer:
                if answer.status == 200:
                    return

    async def main(session, url):
        await insist(session, url)
        for path in ("/status/429", "/status/404", "/status/429", "/status/404", "/status/429"):
            await read(session, f"{url}{path}")
        assert (
            await asyncio.gather(*(read(session, f"{url}/status/503") for _ in range(3))) == [b"so be it"] * 3
        )

    assert numbers(ask(main)) == [
        *((503, 0, 0), (503, 1, 0), (200, 2, 0)),
        *((429, 0, 0), (404, 0, 0), (429, 1, 0), (404, 0, 0), (429, 2, 0)),
        *[(503, 0, 0)] * 3,
    ]


def test_what_a_middleware_sends_again_is_a_request():
    async def twice(request, handler):
        answer = await handler(request)
        if answer.status == 503:
            answer.release()
            return await handler(request)
        return answer

    async def main(session, url):
        assert await read(session, f"{url}/unavailable/1", "POST", json={"a": 1}) == b"now"

    rec = ask(main, middlewares=(twice,))
    assert numbers(rec) == [(503, 0, 0), (200, 1, 0)]
    assert [f["body"] for f in requests_of(rec)] == ["{a:?}"] * 2


def test_a_body_counts_as_it_came():
    async def main(session, url):
        assert len(await read(session, f"{url}/gzip")) == 600
        assert len(await read(session, f"{url}/chunked/3")) == 30
        assert await read(session, f"{url}/gzip", "HEAD") == b""

    assert [f["bytes_received"] for f in requests_of(ask(main))] == [32, 30, 0]


def test_a_body_that_nobody_wants_ends_where_it_is_given_up():
    async def main(session, url):
        async with session.get(f"{url}/slow") as answer:
            assert await answer.content.read(4) == b"head"
            with perfkit.span("reading"):
                pass
        with perfkit.span("after"):
            pass
        try:
            raise ValueError
        except ValueError:
            answer = await session.get(f"{url}/slow")
            answer.close()

    first, reading, after, second = spans_of(ask(main), "request", "span")
    assert reading.end_ns < first.end_ns < after.start_ns
    assert (first.attrs["bytes_received"], first.error, second.error) == (4, None, None)


def test_bodies_that_break_off_are_errors():
    async def main(session, url):
        with pytest.raises(aiohttp.ClientPayloadError):
            await read(session, f"{url}/broken")
        with pytest.raises(TimeoutError):
            await read(session, f"{url}/slow", timeout=aiohttp.ClientTimeout(sock_read=0.3))
        with pytest.raises(TimeoutError):
            await read(session, f"{url}/slow", timeout=aiohttp.ClientTimeout(total=0.3))
        with pytest.raises(TimeoutError):
            await stream(session, f"{url}/slow")

    async def stream(session, url):
        async with session.get(url, timeout=aiohttp.ClientTimeout(total=0.3)) as answer:
            async for _ in answer.content.iter_any():
                pass

    found = [
        (s.error, s.attrs["status"], s.attrs["bytes_received"]) for s in ask(main).trace.of_kind("request")
    ]
    assert found == [
        ("ClientPayloadError", 200, 10),
        ("SocketTimeoutError", 200, 4),
        ("TimeoutError", 200, 4),
        ("TimeoutError", 200, 4),
    ]


def test_timeouts_and_cancellation():
    async def main(session, url):
        with pytest.raises(TimeoutError):
            await read(session, f"{url}/never", timeout=aiohttp.ClientTimeout(total=0.05))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await read(session, f"{url}/never")
        task = asyncio.create_task(read(session, f"{url}/slow"))
        while "/slow" not in served[0].paths:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await read(session, f"{url}/x")

    served = []
    spans = ask(main, served=served).trace.of_kind("request")
    assert [s.error for s in spans] == ["TimeoutError", "CancelledError", "CancelledError", None]
    assert [s.attrs["retry"] for s in spans] == [0, 0, 0, 0]
    assert {s.parent for s in spans} == {None}


def test_the_very_same_exception_passes():
    error = ValueError("of its own")

    async def fail(request, handler):
        raise error

    async def main(session, url):
        with pytest.raises(ValueError, match="of its own") as caught:
            await session.get(url)
        assert caught.value is error

    (found,) = spans_of(ask(main, middlewares=(fail,)))
    assert (found.error, found.attrs["status"], "connection" in found.attrs) == ("ValueError", 0, False)


def test_bodies_that_are_streams_are_left_alone(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"12345")

    async def main(session, url):
        async def parts():
            yield b"123"
            assert await read(session, f"{url}/x") == b"hello"
            yield b"45"

        assert await read(session, f"{url}/echo", "POST", data=parts()) == b"12345"
        with file.open("rb") as opened:
            assert await read(session, f"{url}/echo", "POST", data=opened) == b"12345"
        form = aiohttp.FormData({"a": "1"})
        assert await read(session, f"{url}/echo", "POST", data=form) == b"a=1"

    outer, inner, second, third = ask(main).trace.of_kind("request")
    assert inner.parent == outer.id
    assert [s.attrs["body"] for s in (outer, inner, second, third)] == [""] * 4
    assert [s.attrs["bytes_sent"] for s in (outer, inner, second, third)] == [0, 0, 5, 3]


def test_a_websocket_is_a_request_for_its_handshake():
    async def socket(request):
        opened = web.WebSocketResponse()
        await opened.prepare(request)
        async for message in opened:
            await opened.send_str(message.data.upper())
        return opened

    async def main():
        app = web.Application()
        app.router.add_get("/ws/{id}", socket)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with aiohttp.ClientSession() as session:
            with perfkit.record() as rec:
                async with session.ws_connect(f"{url}/ws/7") as opened:
                    with perfkit.span("talk"):
                        await opened.send_str("hello")
                        assert (await opened.receive()).data == "HELLO"
                with pytest.raises(aiohttp.WSServerHandshakeError):
                    await session.ws_connect(f"{url}/none")
        await runner.cleanup()
        return rec

    request, connect, talk, refused, _ = spans_of(asyncio.run(main()))
    assert (request.attrs["template"], request.attrs["status"], request.error) == ("/ws/{id}", 101, None)
    assert (connect.parent, talk.parent) == (request.id, None)
    assert request.end_ns < talk.start_ns
    assert refused.attrs["status"] == 404


def test_unix_sockets(tmp_path):
    path = str(tmp_path / "socket")

    async def main():
        async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(path)) as session:
            with perfkit.record() as rec:
                for number in (1, 2):
                    assert await read(session, f"http://localhost/users/{number}") == b"hello"
        return rec

    with serve(unix=path):
        rec = asyncio.run(main())
    assert [(s.kind, s.name) for s in spans_of(rec)] == [
        ("request", "GET localhost/users/{id}"),
        ("connect", "connect localhost"),
        ("request", "GET localhost/users/{id}"),
    ]
    assert [f["connection"] for f in requests_of(rec)] == ["new", "reused"]


def test_tls_and_proxies(tmp_path):
    certificate = make_certificate(tmp_path)
    trust = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))

    async def main(proxy, secure):
        async with aiohttp.ClientSession() as session:
            with perfkit.record() as rec:
                await read(session, f"{secure}/users/1", ssl=trust)
                await read(session, "http://shop.test/users/2", proxy=proxy)
                await read(session, f"{secure}/users/3", proxy=proxy, ssl=trust)
                with pytest.raises(aiohttp.ClientConnectorCertificateError):
                    await read(session, f"{secure}/users/4")
        return rec

    with serve() as proxy, serve(certificate=certificate) as secure:
        rec = asyncio.run(main(proxy.url, secure.url))
    hosts = [secure.host, "shop.test", secure.host, secure.host]
    assert [(s.name, s.parent) for s in spans_of(rec) if s.kind == "connect"] == [
        (f"connect {host}", 2 * number + 1) for number, host in enumerate(hosts)
    ]
    assert [f["connection"] for f in requests_of(rec)] == ["new"] * 4
    assert {s.error for s in spans_of(rec)[-2:]} == {"ClientConnectorCertificateError"}


def test_gathered_requests_keep_their_connections_apart():
    async def main(session, url):
        async def load(number):
            with perfkit.span(f"load {number}"):
                return await read(session, f"{url}/users/{number}")

        assert await asyncio.gather(*map(load, range(20))) == [b"hello"] * 20

    async def limited(session, url):
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=5)) as own:
            await main(own, url)

    rec = ask(limited)
    by_id = {s.id: s for s in rec.trace.spans}
    requested, connects = rec.trace.of_kind("request"), rec.trace.of_kind("connect")
    assert len(requested) == 20
    for request in requested:
        number = by_id[request.parent].name.removeprefix("load ")
        assert request.attrs["params"] == {"path": hash_value(f"/users/{number}")}
    assert len(connects) == 5 == [s.attrs["connection"] for s in requested].count("new")
    assert {by_id[s.parent].attrs["connection"] for s in connects} == {"new"}


def test_no_value_enters_a_trace_on_any_way():
    async def main(session, url):
        address = url.replace("://", f"://user:{SECRET}@")
        await read(session, f"{address}/redirect/1?auth={SECRET}", "POST", json={"pw": SECRET})
        await read(
            session, f"{url}/x", "POST", data={"pw": SECRET}, headers={"X": SECRET}, cookies={"c": SECRET}
        )
        await read(session, f"{url}/status/503?key={SECRET}", "POST", data=SECRET)
        with pytest.raises(aiohttp.ClientConnectorError):
            await read(session, f"http://user:{SECRET}@127.0.0.1:9/{SECRET}/17#{SECRET}")

    rec = ask(main)
    assert rec.counts["request"] == 5
    assert SECRET not in repr(rec.trace)


def test_nothing_is_recorded_outside():
    async def main(session, url):
        with perfkit.record() as rec:
            answer = await session.get(f"{url}/slow")
        recordings.append((rec, spans_of(rec)[0].end_ns))
        answer.close()

    recordings = []
    ask(main)
    ((rec, end_ns),) = recordings
    assert spans_of(rec)[0].end_ns == end_ns


def test_every_method_is_put_back():
    def replaceable():
        owners = (aiohttp.ClientSession, aiohttp.BaseConnector, aiohttp.TCPConnector, aiohttp.UnixConnector)
        return {
            (owner, name): value
            for owner in (*owners, aiohttp.ClientResponse)
            for name, value in vars(owner).items()
        }

    perfkit.uninstrument("aiohttp")
    plain = replaceable()
    perfkit.instrument("aiohttp")
    assert sum(value is not plain[key] for key, value in replaceable().items()) == 7
    perfkit.uninstrument("aiohttp")
    assert all(value is plain[key] for key, value in replaceable().items())
