import inspect
import io
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter

import perfkit
from perfkit.fingerprints.values import hash_value
from perfkit.probes import requests as probe
from perfkit.probes import urllib3 as wire
from tests.probes.server import SECRET, counts, make_certificate, numbers, requests_of, serve, spans_of

record = partial(perfkit.record, probes="aiohttp")  # which is of no use here: the tests choose their probes


@pytest.fixture(autouse=True)
def watched():
    probe.install()
    yield
    probe.remove()
    wire.remove()


@pytest.fixture
def server():
    with serve() as server:
        yield server


@pytest.fixture
def session():
    with requests.Session() as session:
        session.trust_env = False
        yield session


def retrying(session, **options):
    session.mount("http://", HTTPAdapter(max_retries=urllib3.Retry(**options)))


def test_a_request_and_its_connection(server, session):
    with record() as rec:
        session.get(f"{server.url}/users/17?page=2")
        session.post(f"{server.url}/echo", json={"filter": {"ID": 5}})
    first, connect, second = spans_of(rec)
    assert counts(rec) == (2, 1)
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
        "library": "requests",
    }
    assert (connect.name, connect.parent, connect.attrs) == (
        f"connect {server.host}",
        first.id,
        {"host": server.host, "library": "requests", "pool": 1},
    )
    assert first.start_ns < connect.start_ns < connect.end_ns < first.end_ns < second.start_ns
    assert second.attrs == {
        "method": "POST",
        "host": server.host,
        "template": "/echo",
        "body": "{filter:{ID:?}}",
        "params": {"filter.ID": hash_value(5)},
        "connection": "reused",
        "status": 200,
        "bytes_sent": 21,
        "bytes_received": 21,
        "retry": 0,
        "library": "requests",
    }


def test_the_site_is_the_calling_line(server, session):
    def load():
        return session.get(f"{server.url}/x")

    with record() as rec:
        requests.get(f"{server.url}/x")
        line = inspect.currentframe().f_lineno - 1
        load()
    first, second = rec.trace.of_kind("request")
    assert (first.site.file, first.site.line) == ("tests/probes/test_requests.py", line)
    assert (second.site.function, len(second.path)) == ("test_the_site_is_the_calling_line.load", 2)


def every_kind_of_call(server):
    with requests.Session() as session:
        session.trust_env = False
        retrying(session, total=3, status_forcelist=[503])
        session.get(f"{server.url}/x")
        session.post(f"{server.url}/redirect/2", data={"a": "1"})
        session.get(f"{server.url}/unavailable/2")
        session.get(f"{server.url}/chunked/3")
        session.get(f"{server.url}/gzip")
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            session.get(f"{server.url}/broken")
        session.get(f"{server.url}/reset/1")
        with pytest.raises(requests.ConnectionError):
            session.post("http://127.0.0.1:9/")


@pytest.mark.parametrize("probes", [(probe,), (wire,), (probe, wire), (wire, probe)])
def test_one_span_per_attempt_whichever_probes_watch(server, probes):
    probe.remove()
    for each in probes:
        each.install()
    with record() as rec:
        every_kind_of_call(server)
    assert numbers(rec) == [
        (200, 0, 0),
        *((307, 0, 0), (307, 0, 1), (200, 0, 2)),
        *((503, 0, 0), (503, 1, 0), (200, 2, 0)),
        *((200, 0, 0), (200, 0, 0), (200, 0, 0)),
        *((0, 0, 0), (200, 1, 0)),
        *((0, 0, 0), (0, 1, 0), (0, 2, 0), (0, 3, 0)),
    ]
    assert len(server.requests) == 12  # and four that did not get there
    facts = requests_of(rec)
    assert facts[1] == {
        "method": "POST",
        "template": "/redirect/{id}",
        "body": "{a:?}",
        "connection": "reused",
        "status": 307,
        "bytes_sent": 3,
        "bytes_received": 9,
        "retry": 0,
        "library": "urllib3" if probes == (wire,) else "requests",
    }
    assert [f.get("bytes_received") for f in facts] == [5, 9, 9, 3, 5, 5, 3, 30, 32, 10, None, 7, *[None] * 4]
    assert [s.error for s in rec.trace.of_kind("request")] == [
        *[None] * 9,
        *("ProtocolError", "RemoteDisconnected", None),
        *["NewConnectionError"] * 4,
    ]
    spans = spans_of(rec)
    assert {s.parent for s in spans if s.kind == "request"} == {None}
    assert [spans[s.parent - 1].attrs["connection"] for s in spans if s.kind == "connect"] == ["new"] * 7
    assert [f["connection"] for f in facts].count("new") == 7
    assert len({s.site.line for s in spans}) == 8


def test_only_what_goes_through_requests(server, session):
    with record() as rec, urllib3.PoolManager() as http:
        http.request("GET", f"{server.url}/x")
        session.get(f"{server.url}/x")
        http.request("GET", f"{server.url}/redirect/1")
    assert counts(rec) == (1, 1)


def test_following_and_not_following_redirects(server, session):
    with record() as rec:
        answer = session.post(f"{server.url}/see-other", json={"a": 1})
        assert [step.status_code for step in answer.history] == [303]
        session.get(f"{server.url}/redirect/1", allow_redirects=False)
        session.get(f"{server.url}/x")
        session.max_redirects = 1
        with pytest.raises(requests.TooManyRedirects):
            session.get(f"{server.url}/redirect/3")
    assert numbers(rec) == [(303, 0, 0), (200, 0, 1), (302, 0, 0), (200, 0, 0), (302, 0, 0), (302, 0, 1)]
    first, second = rec.trace.of_kind("request")[:2]
    assert (first.attrs["method"], first.attrs["body"]) == ("POST", "{a:?}")
    assert (second.attrs["method"], second.attrs["template"], second.attrs["body"]) == ("GET", "/echo", "")
    assert first.path == second.path
    assert server.paths[:2] == ["/see-other", "/echo"]


def test_what_the_application_sends_again_is_a_retry(server, session):
    def call(path):
        return session.get(f"{server.url}{path}").status_code

    def insist(path):
        while call(path) != 200:
            pass

    with record() as rec:
        insist("/unavailable/2")
        insist("/unavailable/1")
        assert call("/status/404") == 404
        assert call("/status/404") == 404
        for path in ("/status/429", "/status/502", "/status/502", "/status/429"):
            call(path)
        call("/status/502")
    retries = [s.attrs["retry"] for s in rec.trace.of_kind("request")]
    #         two refusals,  one,  not found, a loop over four, another line
    assert retries == [0, 1, 2, 0, 1, 0, 0, 0, 0, 1, 1, 0]


def test_a_retry_is_the_same_request(server, session):
    def post(path, **options):
        return session.post(f"{server.url}/status/503{path}", **options)

    long = [{"text": "x" * 5000, "n": n} for n in (1, 2)]
    with record() as rec:
        bodies = [{"json": {"a": 1}}, {"json": {"a": 2}}, {"data": b"\x00raw"}, {"data": b"\x00row"}]
        bodies += [{"json": long[0]}, {"json": long[1]}, {"json": long[1]}, {"json": {"a": 1}}]
        for options in bodies:
            post("", **options)
        for path in ("?a=1", "?a=2", "?a=1"):
            post(path)
    assert [s.attrs["retry"] for s in rec.trace.of_kind("request")] == [0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1]


def test_threads_and_recordings_do_not_share_their_retries(server):
    one_at_a_time, both = threading.Lock(), threading.Barrier(2)

    def call(_):
        with one_at_a_time:
            requests.get(f"{server.url}/status/503")
        both.wait(10)

    def retries_of_two_threads():
        with record() as rec, ThreadPoolExecutor(2) as pool:
            list(pool.map(call, range(2)))
        return [s.attrs["retry"] for s in rec.trace.of_kind("request")]

    def retries_of_one():
        with record() as rec:
            for _ in range(2):
                requests.get(f"{server.url}/status/503")
        return [s.attrs["retry"] for s in rec.trace.of_kind("request")]

    assert retries_of_two_threads() == retries_of_two_threads() == [0, 0]
    assert [retries_of_one() for _ in range(2)] == [[0, 1]] * 2


def test_the_span_lasts_until_the_body_has_been_read(server, session):
    with record() as rec:
        answer = session.get(f"{server.url}/slow", stream=True)
        with perfkit.span("before the body"):
            server.go.set()
        assert answer.content == b"headtail"
        with perfkit.span("after"):
            pass
    request, before, after = spans_of(rec, "request", "span")
    assert before.end_ns < request.end_ns < after.start_ns
    assert (request.attrs["bytes_received"], before.parent) == (8, None)


def test_a_body_that_nobody_wants_ends_where_it_is_closed(server, session):
    with record() as rec:
        with session.get(f"{server.url}/slow", stream=True) as answer:
            assert next(answer.iter_content(4)) == b"head"
            with perfkit.span("reading"):
                pass
        with perfkit.span("closed"):
            pass
        for part in session.get(f"{server.url}/chunked/2000", stream=True).iter_content(10):
            assert part == b"0123456789"
            break
    first, reading, closed, second = spans_of(rec, "request", "span")
    assert reading.end_ns < first.end_ns < closed.start_ns
    assert (first.attrs["bytes_received"], first.error) == (4, None)
    assert (second.attrs["bytes_received"], second.error) == (10, None)


def test_bodies_that_are_streams_are_left_alone(server, session, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"12345")

    def parts():
        yield b"123"
        yield b"45"

    with record() as rec, file.open("rb") as opened:
        assert session.post(f"{server.url}/echo", data=parts()).content == b"12345"
        assert session.post(f"{server.url}/echo", data=opened).content == b"12345"
        assert (
            session.post(f"{server.url}/echo", files={"a": io.BytesIO(b"12345")}).content.count(b"12345") == 1
        )
    sent = [(s.attrs["body"], s.attrs["bytes_sent"]) for s in rec.trace.of_kind("request")]
    assert sent[:2] == [("", 0), ("", 5)]
    assert sent[2][0] == ""
    assert sent[2][1] > 100


def test_timeouts_are_errors_of_their_attempt(server, session):
    with record() as rec:
        with pytest.raises(requests.ReadTimeout):
            session.get(f"{server.url}/never", timeout=0.05)
        with pytest.raises(requests.ConnectionError):
            session.get(f"{server.url}/slow", timeout=0.3)
    first, second = rec.trace.of_kind("request")
    assert [(s.error, s.attrs["status"]) for s in (first, second)] == [
        ("ReadTimeoutError", 0),
        ("ReadTimeoutError", 200),
    ]


class Answering(BaseAdapter):
    """An adapter that needs no network."""

    def __init__(self, *answers):
        super().__init__()
        self.answers = list(answers)

    def send(self, request, **options):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, headers, body = answer
        response = requests.Response()
        response.status_code, response.url, response.request = status, request.url, request
        response.headers.update(headers)
        response.raw = io.BytesIO(body)
        return response

    def close(self):
        pass


def test_adapters_without_a_network(session):
    error = ValueError("of its own")
    answers = [(302, {"Location": "/there"}, b"elsewhere"), (200, {"Server-Timing": "a;dur=2"}, b"{}"), error]
    session.mount("http://mock.test", Answering(*answers))
    with record() as rec:
        assert session.get("http://mock.test/here").json() == {}
        with pytest.raises(ValueError, match="of its own") as caught:
            session.get("http://mock.test:80/broken")
    assert caught.value is error
    assert numbers(rec) == [(302, 0, 0), (200, 0, 1), (0, 0, 0)]
    facts = requests_of(rec)
    assert facts[1] == {
        "method": "GET",
        "template": "/there",
        "body": "",
        "status": 200,
        "server_ns": 2_000_000,
        "bytes_sent": 0,
        "retry": 0,
        "library": "requests",
        "redirect": 1,
    }
    assert [s.attrs["host"] for s in spans_of(rec)] == ["mock.test"] * 3
    assert [s.error for s in spans_of(rec)] == [None, None, "ValueError"]
    assert [s.parent for s in spans_of(rec)] == [None] * 3


def test_a_hook_may_send_requests_of_its_own(server, session):
    def refresh(response, **options):
        if response.url.endswith("/x"):
            assert requests.get(f"{server.url}/token").ok
        return response

    session.hooks["response"].append(refresh)
    with record() as rec:
        session.get(f"{server.url}/x")
        session.get(f"{server.url}/y")
    spans = rec.trace.of_kind("request")
    assert [(s.attrs["template"], s.parent) for s in spans] == [("/x", None), ("/token", None), ("/y", None)]
    assert spans[0].path == spans[1].path[1:]


def test_every_thread_of_a_pool_has_its_requests_below_its_caller(server):
    def load(number):
        return requests.get(f"{server.url}/users/{number}").text

    with record() as rec, ThreadPoolExecutor(5) as pool, perfkit.span("outer"):
        assert list(pool.map(load, range(20))) == ["hello"] * 20
    outer, *rest = spans_of(rec)
    requested = [s for s in rest if s.kind == "request"]
    assert len(requested) == len({s.attrs["params"]["path"] for s in requested}) == 20
    assert {s.parent for s in requested} == {outer.id}
    assert {s.site.function for s in requested} == {
        "test_every_thread_of_a_pool_has_its_requests_below_its_caller.load"
    }
    by_id = {s.id: s for s in requested}
    assert sorted(by_id[s.parent].thread for s in rest if s.kind == "connect") == sorted(
        s.thread for s in requested
    )


def test_a_loop_of_requests_is_found(server, session):
    with record() as rec:
        for number in range(6):
            session.get(f"{server.url}/users/{number}")
    (finding,) = rec.findings()
    assert (finding.rule, finding.count) == ("PK102", 6)


def test_tls_is_part_of_connecting(session, tmp_path):
    certificate = make_certificate(tmp_path)
    with serve(certificate=certificate) as server, record() as rec:
        session.get(f"{server.url}/x", verify=str(tmp_path / "certificate.pem"))
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(f"{server.url}/x")
    assert counts(rec) == (2, 2)
    request, connect, refused, failed = spans_of(rec)
    assert (connect.parent, connect.name, connect.error) == (request.id, f"connect {server.host}", None)
    assert (request.attrs["connection"], request.attrs["status"]) == ("new", 200)
    assert (failed.error, refused.attrs["status"]) == ("SSLCertVerificationError", 0)


def test_proxies(session, tmp_path):
    certificate = make_certificate(tmp_path)
    with serve() as proxy, serve(certificate=certificate) as secure, record() as rec:
        session.proxies = {"http": proxy.url, "https": proxy.url}
        assert session.get("http://shop.test/users/5").text == "hello"
        assert session.get("http://shop.test/users/6").text == "hello"
        verify = str(tmp_path / "certificate.pem")
        assert session.get(f"{secure.url}/users/7", verify=verify).text == "hello"
    assert [(s.kind, s.name, s.parent) for s in spans_of(rec)] == [
        ("request", "GET shop.test/users/{id}", None),
        ("connect", "connect shop.test", 1),
        ("request", "GET shop.test/users/{id}", None),
        ("request", f"GET {secure.host}/users/{{id}}", None),
        ("connect", f"connect {secure.host}", 4),
    ]
    assert [f["connection"] for f in requests_of(rec)] == ["new", "reused", "new"]


def test_values_stay_out_of_the_trace(server, session):
    address = server.url.replace("://", f"://user:{SECRET}@")
    with record() as rec:
        session.post(f"{address}/rest/1/{SECRET}-tok/crm.lead.list?auth={SECRET}", json={"pw": SECRET})
        session.post(f"{server.url}/x", data={"pw": SECRET}, params={"key": SECRET}, auth=("u", SECRET))
        session.get(f"{server.url}/x", headers={"Authorization": SECRET}, cookies={"c": SECRET})
        session.get(f"{server.url}/x#{SECRET}")
        with pytest.raises(requests.ConnectionError):
            session.get(f"http://user:{SECRET}@127.0.0.1:9/{SECRET}/17")
    assert rec.counts["request"] == 5
    assert any(SECRET.encode() in body for _, _, body in server.requests)
    assert SECRET not in repr(rec.trace)
    assert {s.attrs["host"] for s in spans_of(rec)} == {server.host, "127.0.0.1:9"}


def test_nothing_is_recorded_outside(server, session):
    with record() as rec:
        answer = session.get(f"{server.url}/slow", stream=True)
    end_ns = spans_of(rec)[0].end_ns
    server.go.set()
    assert answer.content == b"headtail"
    session.get(f"{server.url}/redirect/1")
    (request, _) = spans_of(rec)
    assert request.end_ns == end_ns
    assert "bytes_received" not in request.attrs


def replaceable():
    from urllib3 import HTTPConnectionPool, HTTPResponse
    from urllib3.connection import HTTPConnection, HTTPSConnection

    owners = (requests.Session, requests.sessions.SessionRedirectMixin, HTTPConnectionPool, HTTPResponse)
    return {
        (owner, name): value
        for owner in (*owners, HTTPConnection, HTTPSConnection, HTTPAdapter)
        for name, value in vars(owner).items()
    }


def test_installing_is_idempotent_and_reversible():
    probe.remove()
    plain = replaceable()
    probe.install()
    watched = replaceable()
    probe.install()
    wire.install()
    assert replaceable() == watched != plain
    probe.remove()
    wire_only = replaceable()
    assert wire_only != plain
    assert wire_only[requests.Session, "send"] is plain[requests.Session, "send"]
    wire.remove()
    wire.remove()
    assert all(value is plain[key] for key, value in replaceable().items())


def test_odd_requests_end_as_they_do_without_the_probe(server, session):
    def attempts():
        for call in (
            lambda: session.get("http://"),
            lambda: session.get("nowhere"),
            lambda: session.send("no request"),
            lambda: session.send(requests.Request("GET", server.url)),
            lambda: session.get(f"{server.url}/x", params=5),
            lambda: session.request(5, f"{server.url}/x"),
            lambda: session.post(f"{server.url}/echo", data=object()),
            lambda: session.post(f"{server.url}/echo", json={"a": object()}),
        ):
            try:
                yield call().status_code
            except Exception as error:
                yield type(error)

    probe.remove()
    plain = list(attempts())
    probe.install()
    with record():
        assert list(attempts()) == plain
