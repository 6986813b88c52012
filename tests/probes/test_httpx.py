import asyncio
import importlib.util
import inspect
import pickle
from functools import partial

import anyio
import httpcore
import httpx
import pytest

import perfkit
from perfkit.fingerprints.values import hash_value
from perfkit.probes import httpx as probe
from tests.probes.server import (
    SECRET,
    counts,
    make_certificate,
    numbers,
    requests_of,
    serve,
    serve_http2,
    spans_of,
)

record = partial(perfkit.record, probes="aiohttp")  # which is of no use here: the tests choose their probes
without = pytest.mark.parametrize("client", [httpx.Client, httpx.AsyncClient], ids=["sync", "async"])
BACKENDS = ["asyncio", *(["trio"] if importlib.util.find_spec("trio") else [])]


@pytest.fixture(autouse=True)
def watched():
    probe.install()
    yield
    probe.remove()


@pytest.fixture
def server():
    with serve() as server:
        yield server


def play(client, *calls, backend="asyncio", **options):
    """Make each call (method, URL, options) with one client: the recording, and statuses or errors' types."""
    outcomes = []

    def play_sync():
        with client(trust_env=False, **options) as opened:
            for method, url, given in calls:
                try:
                    outcomes.append(opened.request(method, url, **given).status_code)
                except Exception as error:
                    outcomes.append(type(error))

    async def play_async():
        async with client(trust_env=False, **options) as opened:
            for method, url, given in calls:
                try:
                    outcomes.append((await opened.request(method, url, **given)).status_code)
                except Exception as error:
                    outcomes.append(type(error))

    with record() as rec:
        play_sync() if client is httpx.Client else anyio.run(play_async, backend=backend)
    return rec, outcomes


def transport(client, **options):
    made = httpx.HTTPTransport if client is httpx.Client else httpx.AsyncHTTPTransport
    return made(**options)


@without
def test_a_request_and_its_connection(server, client):
    rec, outcomes = play(
        client,
        ("GET", f"{server.url}/users/17?page=2", {}),
        ("POST", f"{server.url}/echo", {"json": {"filter": {"ID": 5}}}),
    )
    assert outcomes == [200, 200]
    assert counts(rec) == (2, 1)
    first, connect, second = spans_of(rec)
    assert first.name == f"GET {server.host}/users/{{id}}?page="
    assert first.attrs == {
        "method": "GET",
        "host": server.host,
        "template": "/users/{id}?page=",
        "body": "",
        "params": {"?page": hash_value("2"), "path": hash_value("/users/17")},
        "connection": "new",
        "status": 200,
        "server_ns": 1_500_000,
        "bytes_sent": 0,
        "bytes_received": 5,
        "retry": 0,
        "library": "httpx",
    }
    assert (connect.name, connect.parent) == (f"connect {server.host}", first.id)
    assert connect.attrs == {"host": server.host, "library": "httpx", "pool": 1}
    assert first.start_ns < connect.start_ns < connect.end_ns < first.end_ns < second.start_ns
    assert requests_of(rec)[1] == {
        "method": "POST",
        "template": "/echo",
        "body": "{filter:{ID:?}}",
        "connection": "reused",
        "status": 200,
        "bytes_sent": len(server.requests[1][2]),
        "bytes_received": len(server.requests[1][2]),
        "retry": 0,
        "library": "httpx",
    }


def test_the_site_is_the_calling_line(server):
    async def load(client):
        return await client.get(f"{server.url}/redirect/1")

    async def main():
        async with httpx.AsyncClient(follow_redirects=True) as client:
            await load(client)

    with record() as rec:
        httpx.get(f"{server.url}/x")
        line = inspect.currentframe().f_lineno - 1
        asyncio.run(main())
    first, *rest = rec.trace.of_kind("request")
    assert (first.site.file, first.site.line) == ("tests/probes/test_httpx.py", line)
    assert {s.site.function for s in rest} == {"test_the_site_is_the_calling_line.load"}
    assert {s.site for s in rec.trace.of_kind("connect")} == {first.site, rest[0].site}
    assert [[frame.function.rpartition(".")[2] for frame in s.path[:2]] for s in rest] == [
        ["load", "main"]
    ] * 2


@without
def test_each_redirect_is_a_request(server, client):
    rec, outcomes = play(
        client,
        ("GET", f"{server.url}/redirect/2", {}),
        ("POST", f"{server.url}/redirect/1", {"json": {"a": 1}}),
        ("GET", f"{server.url}/redirect/1", {"follow_redirects": False}),
        ("GET", f"{server.url}/x", {}),
        ("GET", f"{server.url}/redirect/9", {}),
        follow_redirects=True,
        max_redirects=1,
    )
    assert outcomes == [httpx.TooManyRedirects, 200, 302, 200, httpx.TooManyRedirects]
    assert numbers(rec) == [
        *((302, 0, 0), (302, 0, 1)),
        *((307, 0, 0), (200, 0, 1)),
        (302, 0, 0),
        (200, 0, 0),
        *((302, 0, 0), (302, 0, 1)),
    ]
    assert [s.attrs["body"] for s in rec.trace.of_kind("request")[2:4]] == ["{a:?}", "{a:?}"]
    assert {s.parent for s in rec.trace.of_kind("request")} == {None}


@without
def test_what_the_application_sends_again_is_a_retry(server, client):
    rec, outcomes = play(client, *[("GET", f"{server.url}/unavailable/2", {})] * 4)
    assert outcomes == [503, 503, 200, 200]
    assert numbers(rec) == [(503, 0, 0), (503, 1, 0), (200, 2, 0), (200, 0, 0)]


@without
def test_what_a_transport_tries_again_is_a_retry(server, client):
    rec, outcomes = play(client, ("GET", "http://127.0.0.1:9/x", {}), transport=transport(client, retries=1))
    assert outcomes == [httpx.ConnectError]
    assert [(s.kind, s.error, s.attrs.get("retry"), s.parent) for s in spans_of(rec)] == [
        ("request", "ConnectError", 0, None),
        ("connect", "ConnectError", None, 1),
        ("request", "ConnectError", 1, None),
        ("connect", "ConnectError", None, 3),
    ]
    assert len({s.path for s in spans_of(rec)}) == 1


@without
def test_failures_are_recorded_and_pass_on(server, client):
    rec, outcomes = play(
        client,
        ("GET", f"{server.url}/reset", {}),
        ("GET", f"{server.url}/broken", {}),
        ("GET", f"{server.url}/never", {"timeout": 0.05}),
        ("GET", f"{server.url}/slow", {"timeout": 0.3}),
        ("GET", "http://127.0.0.1:9/", {}),
        ("GET", "nowhere://x/", {}),
    )
    errors = [error.__name__ for error in outcomes]
    found = [
        (s.error, s.attrs["status"], s.attrs.get("bytes_received")) for s in rec.trace.of_kind("request")
    ]
    assert [error for error, _, _ in found] == errors
    assert errors[1:] == [
        *("RemoteProtocolError", "ReadTimeout", "ReadTimeout"),
        *("ConnectError", "UnsupportedProtocol"),
    ]
    assert [facts[1:] for facts in found] == [
        *((0, None), (200, 10), (0, None), (200, 4)),
        *((0, None), (0, None)),
    ]
    assert rec.trace.of_kind("connect")[-1].error == "ConnectError"


@without
def test_a_body_counts_as_it_came(server, client):
    rec, outcomes = play(
        client,
        ("GET", f"{server.url}/gzip", {}),
        ("GET", f"{server.url}/chunked/3", {}),
        ("HEAD", f"{server.url}/gzip", {}),
        ("DELETE", f"{server.url}/status/204", {}),
    )
    assert outcomes == [200, 200, 200, 204]
    assert [f["bytes_received"] for f in requests_of(rec)] == [32, 30, 0, 0]


def test_the_span_lasts_until_the_body_has_been_read(server):
    with record() as rec, httpx.Client() as client:
        with client.stream("GET", f"{server.url}/slow") as answer:
            with perfkit.span("before the body"):
                server.go.set()
            assert answer.read() == b"headtail"
            with perfkit.span("still open"):
                pass
        with client.stream("GET", f"{server.url}/chunked/2000") as answer:
            assert next(answer.iter_raw(10)) == b"0123456789"
            with perfkit.span("before closing"):
                pass
        with perfkit.span("after"):
            pass
    first, before, still, second, closing, after = spans_of(rec, "request", "span")
    assert before.end_ns < first.end_ns < still.start_ns
    assert closing.end_ns < second.end_ns < after.start_ns
    assert (first.attrs["bytes_received"], second.error, before.parent) == (8, None, None)


@pytest.mark.parametrize("backend", BACKENDS)
def test_streaming_and_cancelling_in_a_task(server, backend):
    async def main():
        async with httpx.AsyncClient() as client:
            async with client.stream("GET", f"{server.url}/chunked/3") as answer:
                with perfkit.span("before the body"):
                    pass
                assert [part async for part in answer.aiter_bytes(10)] == [b"0123456789"] * 3
            with anyio.move_on_after(0.05):
                await client.get(f"{server.url}/never")
            with anyio.move_on_after(0.3):
                await client.get(f"{server.url}/slow")
            server.go.set()
            assert (await client.get(f"{server.url}/x")).text == "hello"

    with record() as rec:
        anyio.run(main, backend=backend)
    first, before, never, slow, last = spans_of(rec, "request", "span")
    assert before.end_ns < first.end_ns
    assert first.attrs["bytes_received"] == 30
    assert never.error == slow.error
    assert "Cancelled" in never.error
    assert (never.attrs["status"], slow.attrs["status"], slow.attrs["bytes_received"]) == (0, 200, 4)
    assert (last.error, last.parent) == (None, None)


def test_gathered_requests_keep_their_connections_apart(server):
    async def main():
        limits = httpx.Limits(max_connections=5)
        async with httpx.AsyncClient(limits=limits) as client:

            async def load(number):
                with perfkit.span(f"load {number}"):
                    return (await client.get(f"{server.url}/users/{number}")).text

            assert await asyncio.gather(*map(load, range(20))) == ["hello"] * 20

    with record() as rec:
        asyncio.run(main())
    by_id = {s.id: s for s in rec.trace.spans}
    requested = rec.trace.of_kind("request")
    assert len(requested) == 20
    for request in requested:
        number = by_id[request.parent].name.removeprefix("load ")
        assert request.attrs["params"] == {"path": hash_value(f"/users/{number}")}
    connects = rec.trace.of_kind("connect")
    assert len(connects) == 5 == [s.attrs["connection"] for s in requested].count("new")
    assert {by_id[s.parent].attrs["connection"] for s in connects} == {"new"}
    assert {s.site.function.rpartition(".")[2] for s in requested} == {"load"}


def answer(request):
    if request.url.path == "/broken":
        raise ValueError("of its own")
    if request.url.path == "/stream":
        return httpx.Response(200, stream=httpx.ByteStream(b"12345"))
    return httpx.Response(200, json={"a": 1}, headers={"Server-Timing": "a;dur=2"})


@without
def test_mock_transports_have_no_connection(client):
    rec, outcomes = play(
        client,
        *[("GET", f"https://mock.test:443{path}", {}) for path in ("/x", "/stream", "/broken")],
        transport=httpx.MockTransport(answer),
    )
    assert outcomes == [200, 200, ValueError]
    plain = {"method": "GET", "body": "", "status": 200, "bytes_sent": 0, "retry": 0, "library": "httpx"}
    assert requests_of(rec) == [
        {**plain, "template": "/x", "server_ns": 2_000_000},
        {**plain, "template": "/stream", "bytes_received": 5},
        {"method": "GET", "template": "/broken", "body": "", "status": 0, "retry": 0, "library": "httpx"},
    ]
    assert {s.attrs["host"] for s in spans_of(rec)} == {"mock.test"}
    assert spans_of(rec)[2].error == "ValueError"


def test_the_very_same_exception_passes():
    error = ValueError("of its own")

    def fail(request):
        raise error

    client = httpx.Client(transport=httpx.MockTransport(fail))
    with record(), client, pytest.raises(ValueError, match="of its own") as caught:
        client.get("http://mock.test/")
    assert caught.value is error


def wsgi(environ, start):
    start("200 OK", [("Content-Type", "text/plain")])
    return [b"from ", b"wsgi"]


async def asgi(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"from asgi"})


def test_applications_as_transports():
    async def main():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(asgi)) as client:
            assert (await client.get("http://app.test/users/5")).text == "from asgi"

    with record() as rec, httpx.Client(transport=httpx.WSGITransport(wsgi)) as client:
        assert client.get("http://app.test/users/5").text == "from wsgi"
        asyncio.run(main())
    assert counts(rec) == (2, 0)
    assert [(f["template"], f["bytes_received"]) for f in requests_of(rec)] == [("/users/{id}", 9)] * 2
    assert not any("connection" in s.attrs for s in spans_of(rec))


@without
def test_unix_sockets(client, tmp_path):
    path = str(tmp_path / "socket")
    with serve(unix=path):
        rec, outcomes = play(
            client, *[("GET", "http://localhost/users/5", {})] * 2, transport=transport(client, uds=path)
        )
    assert outcomes == [200, 200]
    assert [(s.kind, s.name) for s in spans_of(rec)] == [
        ("request", "GET localhost/users/{id}"),
        ("connect", "connect localhost"),
        ("request", "GET localhost/users/{id}"),
    ]


@without
def test_tls_and_proxies(client, tmp_path):
    certificate = make_certificate(tmp_path)
    context = httpx.create_ssl_context(trust_env=False)
    context.load_verify_locations(certificate)
    with serve() as proxy, serve(certificate=certificate) as secure:
        direct, outcomes = play(client, ("GET", f"{secure.url}/users/1", {}), verify=context)
        assert outcomes == [200]
        rec, outcomes = play(
            client,
            *[("GET", "http://shop.test/users/2", {})] * 2,
            *[("GET", f"{secure.url}/users/3", {})] * 2,
            proxy=proxy.url,
            verify=context,
        )
        assert outcomes == [200] * 4
        refused, outcomes = play(client, ("GET", f"{secure.url}/users/1", {}))
        (outcome,) = outcomes
    request, connect = spans_of(direct)
    assert (connect.name, connect.parent, connect.error) == (f"connect {secure.host}", request.id, None)
    assert [(s.kind, s.name, s.parent) for s in spans_of(rec)] == [
        ("request", "GET shop.test/users/{id}", None),
        ("connect", "connect shop.test", 1),
        ("request", "GET shop.test/users/{id}", None),
        ("request", f"GET {secure.host}/users/{{id}}", None),
        ("connect", f"connect {secure.host}", 4),
        ("request", f"GET {secure.host}/users/{{id}}", None),
    ]
    assert [f["connection"] for f in requests_of(rec)] == ["new", "reused", "new", "reused"]
    assert [s.error for s in spans_of(refused)] == [outcome.__name__] * 2


def test_tls_and_the_tunnel_are_part_of_connecting(tmp_path):
    certificate = make_certificate(tmp_path)
    context = httpx.create_ssl_context(trust_env=False)
    context.load_verify_locations(certificate)
    moments = {}

    def note(name, facts):
        moments[name] = rec.now_ns()

    with (
        serve() as proxy,
        serve(certificate=certificate) as secure,
        record() as rec,
        httpx.Client(proxy=proxy.url, verify=context) as client,
    ):
        client.get(f"{secure.url}/x", extensions={"trace": note})
    (connect,) = rec.trace.of_kind("connect")
    assert connect.start_ns < moments["connection.connect_tcp.started"]
    assert moments["connection.connect_tcp.complete"] < moments["proxy.start_tls.started"] < connect.end_ns
    assert connect.end_ns < moments["proxy.start_tls.complete"]
    assert "http11.response_closed.complete" in moments


def test_extensions_of_the_application_are_used_as_ever(server):
    seen = {"sync": [], "async": []}

    async def note(name, facts):
        seen["async"].append(name)

    async def main(**extensions):
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{server.url}/x", extensions=extensions)
            assert answer.request.extensions["trace"] is note

    def both():
        for names in seen.values():
            names.clear()
        trace = {"trace": lambda name, facts: seen["sync"].append(name)}
        with httpx.Client() as client:
            assert (
                client.get(f"{server.url}/x", extensions=trace).request.extensions["trace"] is trace["trace"]
            )
        asyncio.run(main(trace=note))
        return {kind: tuple(names) for kind, names in seen.items()}

    probe.remove()
    plain = both()
    probe.install()
    with record() as rec:
        assert both() == plain
    assert counts(rec) == (2, 2)


@pytest.mark.parametrize("backend", BACKENDS)
def test_other_event_loops(server, backend):
    rec, outcomes = play(
        httpx.AsyncClient, *[("GET", f"{server.url}/redirect/1", {})], backend=backend, follow_redirects=True
    )
    assert outcomes == [200]
    assert [(s.kind, s.parent) for s in spans_of(rec)] == [
        ("request", None),
        ("connect", 1),
        ("request", None),
    ]


def test_http2(server):
    pytest.importorskip("h2", reason="httpx speaks HTTP/2 only with h2 installed")

    async def main(url):
        async with httpx.AsyncClient(http1=False, http2=True) as client:
            await client.get(f"{url}/users/1")
            answers = await asyncio.gather(*(client.get(f"{url}/users/{n}") for n in range(2, 6)))
            assert [answer.http_version for answer in answers] == ["HTTP/2"] * 4

    with serve_http2() as url, record() as rec:
        asyncio.run(main(url))
    assert counts(rec) == (5, 1)
    assert [f["connection"] for f in requests_of(rec)] == ["new", *["reused"] * 4]
    assert [f["bytes_received"] for f in requests_of(rec)] == [5] * 5


def test_bodies_that_are_streams_are_left_alone(server, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"12345")

    def parts():
        yield b"123"
        yield b"45"

    async def async_parts():
        for part in parts():
            yield part

    async def main():
        async with httpx.AsyncClient() as client:
            assert (await client.post(f"{server.url}/echo", content=async_parts())).content == b"12345"

    with record() as rec, httpx.Client() as client, file.open("rb") as opened:
        assert client.post(f"{server.url}/echo", content=parts()).content == b"12345"
        assert client.post(f"{server.url}/echo", content=opened).content == b"12345"
        opened.seek(0)
        assert b"12345" in client.post(f"{server.url}/echo", files={"a": opened}).content
        asyncio.run(main())
    sent = [(s.attrs["body"], s.attrs["bytes_sent"] > 100) for s in rec.trace.of_kind("request")]
    assert sent == [("", False), ("", False), ("", True), ("", False)]


def test_steps_of_an_authentication_are_requests(server):
    class Twice(httpx.Auth):
        def auth_flow(self, request):
            token = yield httpx.Request("POST", f"{server.url}/token")
            request.headers["X"] = str(token.status_code)
            yield request

    with record() as rec, httpx.Client(auth=Twice()) as client:
        client.get(f"{server.url}/x")
    found = [(s.attrs["template"], s.attrs["retry"]) for s in rec.trace.of_kind("request")]
    assert found == [("/token", 0), ("/x", 0)]
    assert len({s.path for s in rec.trace.of_kind("request")}) == 1


def test_hooks_may_send_requests_of_their_own(server):
    def before(request):
        if request.url.path == "/x":
            client.get(f"{server.url}/token")

    def after(response):
        response.raise_for_status()

    hooks = {"request": [before], "response": [after]}
    with record() as rec, httpx.Client(event_hooks=hooks) as client:
        client.get(f"{server.url}/x")
        with pytest.raises(httpx.HTTPStatusError):
            client.get(f"{server.url}/status/404")
    spans = rec.trace.of_kind("request")
    assert [(s.attrs["template"], s.attrs["status"], s.parent) for s in spans] == [
        ("/token", 200, None),
        ("/x", 200, None),
        ("/status/{id}", 404, None),
    ]


def test_a_response_can_still_be_pickled(server):
    with record(), httpx.Client() as client:
        answer = pickle.loads(pickle.dumps(client.get(f"{server.url}/x")))
    assert answer.text == "hello"


def test_httpcore_alone_is_not_recorded(server):
    with record() as rec, httpcore.ConnectionPool() as pool:
        assert pool.request("GET", f"{server.url}/x").content == b"hello"
    assert spans_of(rec) == []


@without
def test_values_stay_out_of_the_trace(server, client):
    url = server.url.replace("://", f"://user:{SECRET}@")
    rec, outcomes = play(
        client,
        ("POST", f"{url}/rest/1/{SECRET}-tok/crm.lead.list?auth={SECRET}", {"json": {"pw": SECRET}}),
        ("POST", f"{server.url}/x", {"data": {"pw": SECRET}, "params": {"key": SECRET}}),
        ("GET", f"{server.url}/x", {"headers": {"Authorization": SECRET}, "auth": ("u", SECRET)}),
        ("GET", f"http://user:{SECRET}@127.0.0.1:9/{SECRET}/17#{SECRET}", {}),
    )
    assert outcomes == [200, 200, 200, httpx.ConnectError]
    assert rec.counts["request"] == 4
    assert SECRET not in repr(rec.trace)


@without
def test_odd_requests_end_as_they_do_without_the_probe(server, client):
    calls = [
        ("GET", "http://", {}),
        ("GET", "/nowhere", {}),
        ("GET", f"{server.url}/x", {"params": 5}),
        (5, f"{server.url}/x", {}),
        ("G T", f"{server.url}/x", {}),
        ("POST", f"{server.url}/echo", {"content": object()}),
        ("POST", f"{server.url}/echo", {"json": {"a": object()}}),
        ("GET", f"{server.url}/x", {"headers": {"Content-Length": "three"}}),
    ]
    probe.remove()
    plain = play(client, *calls)[1]
    probe.install()
    assert play(client, *calls)[1] == plain


def test_nothing_is_recorded_outside(server):
    with httpx.Client() as client:
        with record() as rec:
            request = client.build_request("GET", f"{server.url}/slow")
            answer = client.send(request, stream=True)
        end_ns = spans_of(rec)[0].end_ns
        server.go.set()
        assert answer.read() == b"headtail"
        client.get(f"{server.url}/x")
    assert counts(rec) == (1, 1)
    assert spans_of(rec)[0].end_ns == end_ns


def replaceable():
    owners = (httpx.Client, httpx.AsyncClient, httpcore.ConnectionPool, httpcore.AsyncConnectionPool)
    return {(owner, name): value for owner in owners for name, value in vars(owner).items()}


def test_installing_is_idempotent_and_reversible():
    probe.remove()
    plain = replaceable()
    probe.install()
    watched = replaceable()
    probe.install()
    assert replaceable() == watched
    assert sum(watched[key] is not plain[key] for key in plain) == 4
    probe.remove()
    probe.remove()
    assert all(value is plain[key] for key, value in replaceable().items())
