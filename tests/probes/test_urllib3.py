import inspect
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise

import pytest
import urllib3
from urllib3.connection import HTTPConnection

import perfkit
from perfkit.fingerprints.values import hash_value
from perfkit.probes import urllib3 as probe
from tests.probes.server import SECRET, counts, make_certificate, numbers, requests_of, serve, spans_of

record = partial(perfkit.record, probes="aiohttp")  # which is of no use here: the tests choose their probes


@pytest.fixture(autouse=True)
def watched():
    probe.install()
    yield
    probe.remove()


@pytest.fixture
def server():
    with serve() as server:
        yield server


@pytest.fixture
def http():
    with urllib3.PoolManager() as http:
        yield http


def received(rec):
    return [s.attrs.get("bytes_received") for s in rec.trace.of_kind("request")]


def test_a_request_and_its_connection(server, http):
    with record() as rec:
        http.request("GET", f"{server.url}/users/17", fields={"page": "2"})
        http.request("POST", f"{server.url}/echo", json={"filter": {"ID": 5}})
    first, connect, second = spans_of(rec)
    assert counts(rec) == (2, 1)
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
        "library": "urllib3",
    }
    assert (connect.name, connect.parent) == (f"connect {server.host}", first.id)
    assert connect.attrs == {"host": server.host, "library": "urllib3", "pool": 1}
    assert first.start_ns < connect.start_ns < connect.end_ns < first.end_ns < second.start_ns
    assert requests_of(rec)[1] == {
        "method": "POST",
        "template": "/echo",
        "body": "{filter:{ID:?}}",
        "connection": "reused",
        "status": 200,
        "bytes_sent": 19,
        "bytes_received": 19,
        "retry": 0,
        "library": "urllib3",
    }


def test_the_site_is_the_calling_line(server, http):
    with record() as rec:
        http.request("GET", f"{server.url}/redirect/1")
        line = inspect.currentframe().f_lineno - 1
    here = ("tests/probes/test_urllib3.py", line, "test_the_site_is_the_calling_line")
    assert {(s.site.file, s.site.line, s.site.function) for s in spans_of(rec)} == {here}


def test_redirects_of_a_manager_and_of_a_pool(server, http):
    with record() as rec:
        http.request("GET", f"{server.url}/redirect/2")
        with urllib3.connection_from_url(server.url) as pool:
            pool.request("GET", "/redirect/2")
            pool.request("POST", "/see-other", body=b'{"a":1}')
        http.request("GET", f"{server.url}/redirect/2", redirect=False)
        with pytest.raises(urllib3.exceptions.MaxRetryError):
            http.request("GET", f"{server.url}/redirect/3", retries=urllib3.Retry(redirect=1))
    assert numbers(rec) == [
        *((302, 0, 0), (302, 0, 1), (200, 0, 2)),
        *((302, 0, 0), (302, 0, 1), (200, 0, 2)),
        *((303, 0, 0), (200, 0, 1)),
        (302, 0, 0),
        *((302, 0, 0), (302, 0, 1)),
    ]
    assert len(server.requests) == 11
    assert [(method, path) for method, path, _ in server.requests[6:8]] == [
        ("POST", "/see-other"),
        ("GET", "/echo"),
    ]
    bodies = ["{a:?}" if body else "" for _, _, body in server.requests]
    assert [(f["method"], f["body"]) for f in requests_of(rec)] == [
        (method, body) for (method, _, _), body in zip(server.requests, bodies, strict=True)
    ]
    assert {s.parent for s in rec.trace.of_kind("request")} == {None}


def test_each_attempt_of_a_retry_is_a_request(server, http):
    retry = urllib3.Retry(4, status_forcelist=[500], backoff_factor=0.001)
    with record() as rec:
        assert http.request("GET", f"{server.url}/unavailable/2", retries=retry).status == 200
        with pytest.raises(urllib3.exceptions.MaxRetryError):
            http.request("GET", f"{server.url}/status/500", retries=retry)
        assert http.request("GET", f"{server.url}/reset/2", retries=retry).status == 200
        with pytest.raises(urllib3.exceptions.MaxRetryError):
            http.request("GET", "http://127.0.0.1:9/", retries=1)
        assert http.request("GET", f"{server.url}/status/500").status == 500
    assert numbers(rec) == [
        *((503, 0, 0), (503, 1, 0), (200, 2, 0)),
        *((500, 0, 0), (500, 1, 0), (500, 2, 0), (500, 3, 0), (500, 4, 0)),
        *((0, 0, 0), (0, 1, 0), (200, 2, 0)),
        *((0, 0, 0), (0, 1, 0)),
        (500, 0, 0),
    ]
    spans = spans_of(rec)
    requested = [s for s in spans if s.kind == "request"]
    assert all(one.end_ns <= other.start_ns for one, other in pairwise(requested))
    assert [s.error for s in spans if s.kind == "connect"][-2:] == ["NewConnectionError"] * 2
    assert [s.error for s in requested if s.error] == [
        *["RemoteDisconnected"] * 2,
        *["NewConnectionError"] * 2,
    ]


def test_a_retry_after_a_redirect_counts_from_there(server, http):
    server_retry = urllib3.Retry(3, status_forcelist=[404])
    pool = urllib3.connection_from_url(server.url)
    with record() as rec, pool, pytest.raises(urllib3.exceptions.MaxRetryError):
        pool.request("GET", "/moved", retries=server_retry)
    assert numbers(rec) == [(301, 0, 0), (404, 0, 1), (404, 1, 0), (404, 2, 0)]


def test_what_the_application_sends_again_is_a_retry(server):
    def insist():
        while urllib3.request("GET", f"{server.url}/unavailable/2", retries=False).status != 200:
            pass

    with record() as rec:
        insist()
    assert numbers(rec) == [(503, 0, 0), (503, 1, 0), (200, 2, 0)]


@pytest.mark.parametrize(
    "read",
    [
        lambda answer: answer.read(),
        lambda answer: b"".join(answer.stream(7)),
        lambda answer: b"".join(answer.read_chunked(7)),
        lambda answer: answer.data,
        lambda answer: b"".join(answer),
        lambda answer: b"".join(iter(partial(answer.read, 8), b"")),
        lambda answer: b"".join(iter(partial(getattr(answer, "read1", answer.read), 8), b"")),  # new in 2.1
    ],
)
def test_every_way_to_read_a_body(server, http, read):
    with record() as rec:
        answer = http.request("GET", f"{server.url}/chunked/3", preload_content=False)
        with perfkit.span("between"):
            pass
        assert read(answer) == b"0123456789" * 3
        with perfkit.span("after"):
            pass
        answer.release_conn()
    request, between, after = spans_of(rec, "request", "span")
    assert between.end_ns < request.end_ns < after.start_ns
    assert (request.attrs["bytes_received"], request.error) == (30, None)


def test_a_body_counts_as_it_came(server, http):
    with record() as rec:
        assert len(http.request("GET", f"{server.url}/gzip").data) == 600
        assert len(http.request("GET", f"{server.url}/gzip", preload_content=False).read()) == 600
        assert http.request("HEAD", f"{server.url}/gzip").data == b""
        assert http.request("GET", f"{server.url}/status/204").data == b""
    assert received(rec) == [32, 32, 0, 0]


def test_a_body_ends_where_it_is_given_up(server, http):
    def ask(path):
        return http.request("GET", f"{server.url}{path}", preload_content=False)

    with record() as rec:
        answer = ask("/slow")
        assert answer.read(4) == b"head"
        answer.close()
        ask("/chunked/3").drain_conn()
        stream = ask("/chunked/2000").stream(10)
        assert next(stream) == b"0123456789"
        stream.close()
        with perfkit.span("after"):
            pass
    *requested, after = spans_of(rec, "request", "span")
    assert received(rec) == [4, 30, 10]
    assert [s.error for s in requested] == [None] * 3
    assert max(s.end_ns for s in requested) < after.start_ns


def test_failures_are_recorded_and_pass_on(server, http):
    with record() as rec:
        with pytest.raises(urllib3.exceptions.ProtocolError):
            http.request("GET", f"{server.url}/broken", preload_content=False).read()
        with pytest.raises(urllib3.exceptions.ProtocolError):
            b"".join(http.request("GET", f"{server.url}/broken", preload_content=False).stream(4))
        with pytest.raises(urllib3.exceptions.ProtocolError):
            http.request("GET", f"{server.url}/broken", retries=False)
        with pytest.raises(urllib3.exceptions.ReadTimeoutError):
            http.request("GET", f"{server.url}/never", timeout=0.05, retries=False)
        with pytest.raises(urllib3.exceptions.ReadTimeoutError):
            http.request("GET", f"{server.url}/slow", timeout=0.3, preload_content=False).read()
        with pytest.raises(urllib3.exceptions.ProtocolError):
            http.request("GET", f"{server.url}/reset", retries=False)
    found = [
        (s.error, s.attrs["status"], s.attrs.get("bytes_received")) for s in rec.trace.of_kind("request")
    ]
    assert found == [
        ("ProtocolError", 200, None),
        ("ProtocolError", 200, 10),
        ("ProtocolError", 0, None),
        ("ReadTimeoutError", 0, None),
        ("ReadTimeoutError", 200, None),
        ("RemoteDisconnected", 0, None),
    ]


def test_waiting_for_a_pool_is_part_of_the_attempt(server):
    with record() as rec, urllib3.connection_from_url(server.url, block=True) as pool:
        taken = pool.urlopen("GET", "/slow", preload_content=False)
        with pytest.raises(urllib3.exceptions.EmptyPoolError):
            pool.urlopen("GET", "/x", pool_timeout=0.01)
        taken.close()
    first, second = rec.trace.of_kind("request")
    assert (first.error, second.error) == (None, "EmptyPoolError")
    assert "connection" not in second.attrs


def test_streams_as_bodies_are_left_alone(server, http):
    def parts():
        yield b"123"
        assert http.request("GET", f"{server.url}/x").data == b"hello"
        yield b"45"

    with record() as rec:
        answer = http.request("POST", f"{server.url}/echo", body=parts(), chunked=True)
    assert answer.data == b"12345"
    outer, inner = rec.trace.of_kind("request")
    assert (outer.attrs["template"], outer.parent) == ("/echo", None)
    assert (inner.attrs["template"], inner.parent, inner.attrs["retry"]) == ("/x", outer.id, 0)


def test_a_connection_class_of_its_own(server):
    class Own(HTTPConnection):
        def connect(self):
            self.sock = self._new_conn()

    class Pool(urllib3.HTTPConnectionPool):
        ConnectionCls = Own

    with record() as rec, Pool("127.0.0.1", server.server_address[1]) as pool:
        pool.request("GET", "/x")
        pool.request("GET", "/x")
    assert [f["connection"] for f in requests_of(rec)] == ["new", "reused"]
    assert counts(rec) == (2, 0)


def test_tls_and_proxies(tmp_path):
    certificate = make_certificate(tmp_path)
    trust = {"ca_certs": str(tmp_path / "certificate.pem")}
    with serve() as proxy, serve(certificate=certificate) as secure, record() as rec:
        with urllib3.PoolManager(**trust) as http:
            http.request("GET", f"{secure.url}/users/1")
        with urllib3.ProxyManager(proxy.url, **trust) as http:
            http.request("GET", "http://shop.test/users/2")
            http.request("GET", f"{secure.url}/users/3")
            http.request("GET", f"{secure.url}/users/4")
    assert [(s.kind, s.name, s.parent) for s in spans_of(rec)] == [
        ("request", f"GET {secure.host}/users/{{id}}", None),
        ("connect", f"connect {secure.host}", 1),
        ("request", "GET shop.test/users/{id}", None),
        ("connect", "connect shop.test", 3),
        ("request", f"GET {secure.host}/users/{{id}}", None),
        ("connect", f"connect {secure.host}", 5),
        ("request", f"GET {secure.host}/users/{{id}}", None),
    ]
    assert [f["connection"] for f in requests_of(rec)] == ["new", "new", "new", "reused"]


def test_a_proxy_that_refuses_is_tried_again(tmp_path):
    http = urllib3.ProxyManager("http://127.0.0.1:9")
    with record() as rec, http, pytest.raises(urllib3.exceptions.MaxRetryError):
        http.request("GET", "https://shop.test/", retries=2)
    assert [(s.kind, s.name, s.error) for s in spans_of(rec)] == [
        ("request", "GET shop.test/", "NewConnectionError"),
        ("connect", "connect shop.test", "NewConnectionError"),
    ] * 3
    assert numbers(rec) == [(0, 0, 0), (0, 1, 0), (0, 2, 0)]


def test_threads_share_a_pool(server, http):
    start = threading.Barrier(5)

    def load(number):
        start.wait(5)
        return http.request("GET", f"{server.url}/users/{number}").data

    with record() as rec, ThreadPoolExecutor(5) as pool, perfkit.span("outer"):
        assert list(pool.map(load, range(20))) == [b"hello"] * 20
    (outer,) = rec.trace.of_kind("span")
    requested = rec.trace.of_kind("request")
    assert {s.parent for s in requested} == {outer.id}
    by_id = {s.id: s for s in requested}
    for connect in rec.trace.of_kind("connect"):
        request = by_id[connect.parent]
        assert (request.thread, request.attrs["connection"]) == (connect.thread, "new")
    assert len(requested) == len({s.attrs["params"]["path"] for s in requested}) == 20


def test_values_stay_out_of_the_trace(server, http):
    with record() as rec:
        http.request("GET", f"{server.url}/rest/1/{SECRET}-tok/crm.lead.list", fields={"auth": SECRET})
        http.request("POST", f"{server.url}/x", fields={"pw": SECRET}, headers={"Authorization": SECRET})
        http.request("POST", f"{server.url}/x", body=f'{{"pw": "{SECRET}"}}')
        with pytest.raises(urllib3.exceptions.MaxRetryError):
            http.request("GET", f"http://user:{SECRET}@127.0.0.1:9/{SECRET}/17", retries=0)
    assert rec.counts["request"] == 4
    assert SECRET not in repr(rec.trace)


def test_nothing_is_recorded_outside(server, http):
    with record() as rec:
        answer = http.request("GET", f"{server.url}/slow", preload_content=False)
    end_ns = spans_of(rec)[0].end_ns
    server.go.set()
    assert answer.read() == b"headtail"
    http.request("GET", f"{server.url}/unavailable/1")
    assert counts(rec) == (1, 1)
    assert spans_of(rec)[0].end_ns == end_ns


def replaceable():
    owners = (urllib3.HTTPConnectionPool, urllib3.HTTPResponse, HTTPConnection)
    return {
        (owner, name): value
        for owner in (*owners, urllib3.connection.HTTPSConnection)
        for name, value in vars(owner).items()
    }


def test_installing_is_idempotent_and_reversible():
    probe.remove()
    plain = replaceable()
    probe.install()
    watched = replaceable()
    probe.install()
    assert replaceable() == watched != plain
    assert sum(watched[key] is not plain[key] for key in plain) == 8
    probe.remove()
    probe.remove()
    assert all(value is plain[key] for key, value in replaceable().items())


def test_odd_requests_end_as_they_do_without_the_probe(server, http):
    def attempts():
        for call in (
            lambda: http.request("GET", "http://"),
            lambda: http.request("GET", f"{server.url}/x", body=object()),
            lambda: http.request("GET", f"{server.url}/x", headers={"Content-Length": "three"}),
            lambda: http.request("G T", f"{server.url}/x"),
            lambda: http.urlopen(5, f"{server.url}/x"),
            lambda: http.urlopen("GET", 5),
        ):
            try:
                yield call().status
            except Exception as error:
                yield type(error)

    probe.remove()
    plain = list(attempts())
    probe.install()
    with record():
        assert list(attempts()) == plain
