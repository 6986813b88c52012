"""Posting to a collector: a real HTTP server on loopback that answers as told."""

import contextlib
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from perfkit.errors import PerfkitError, UsageError
from perfkit.export import Part, Sent, collector
from tests.ports import free_port

ENVIRONMENT = ("ENDPOINT", "TRACES_ENDPOINT", "HEADERS", "TRACES_HEADERS")


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch):
    for name in ENVIRONMENT:
        monkeypatch.delenv(f"OTEL_EXPORTER_OTLP_{name}", raising=False)


class Requests(list):
    """What arrived, as (path, headers, body, client's address), and how to answer."""

    status, body, headers = 200, b"{}", {}


@contextlib.contextmanager
def serving():
    seen = Requests()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            seen.append((self.path, dict(self.headers), body, self.client_address))
            self.send_response(seen.status)
            for name, value in {"content-length": str(len(seen.body)), **seen.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(seen.body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # who hangs up in the middle of an answer is no news
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    seen.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def server():
    with serving() as seen:
        yield seen


def post(url, *parts, headers=None):
    return collector(url, headers or {}, 5.0).post(parts or [Part(b"{}", 1)])


def test_all_parts_go_over_one_connection(server):
    assert post(server.url, Part(b'{"a":1}', 2), Part(b'{"b":2}', 3)) == Sent(5, 0, "")
    assert [(path, body) for path, _, body, _ in server] == [
        ("/v1/traces", b'{"a":1}'),
        ("/v1/traces", b'{"b":2}'),
    ]
    assert len({client for *_, client in server}) == 1
    assert {headers["content-type"] for _, headers, _, _ in server} == {"application/json"}


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("", "/v1/traces"),
        ("/", "/v1/traces"),
        ("/v1/traces", "/v1/traces"),
        ("/v1/traces/", "/v1/traces"),
        ("/otlp", "/otlp/v1/traces"),
        ("/otlp?tenant=a", "/otlp/v1/traces?tenant=a"),
    ],
)
def test_the_path_is_added_to_an_address(server, given, path):
    post(server.url + given)
    assert server[0][0] == path


def test_the_environment_names_the_collector(server, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.url)
    post(None)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{server.url}/as/it/stands")
    post(None)
    post(f"{server.url}/argument")
    assert [path for path, *_ in server] == ["/v1/traces", "/as/it/stands", "/argument/v1/traces"]


def test_without_anything_it_is_localhost():
    assert collector(None, {}, 1.0).shown == "http://localhost:4318/v1/traces"


def test_headers_of_environment_and_arguments(server, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "X-One=1, x-two=two%20words,x-three=3=3,")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x-one=first")
    post(server.url, headers={"X-Three": "argument"})
    headers = {name.lower(): value for name, value in server[0][1].items()}
    assert (headers["x-one"], headers["x-two"], headers["x-three"]) == ("first", "two words", "argument")


@pytest.mark.parametrize(
    "body",
    [
        {"rejectedSpans": "2", "errorMessage": "too\nold"},
        {"rejectedSpans": 2, "errorMessage": "too old"},
    ],
)
def test_a_partial_success_is_told(server, body):
    server.body = json.dumps({"partialSuccess": body}).encode()
    assert post(server.url, Part(b"{}", 5), Part(b"{}", 2)) == Sent(3, 4, "too old")


def test_a_warning_with_everything_accepted(server):
    server.body = b'{"partialSuccess": {"errorMessage": "deprecated field"}}'
    assert post(server.url, Part(b"{}", 5)) == Sent(5, 0, "deprecated field")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"ok",
        b"[]",
        b'{"partialSuccess": 5}',
        b'{"partialSuccess": {"rejectedSpans": "x"}}',
        b"[" * 60000,
    ],
)
def test_odd_answers_of_success_are_success(server, body):
    server.body = body
    assert post(server.url) == Sent(1, 0, "")


def test_a_long_answer_is_not_read_to_its_end(server):
    server.body = b" " * 1_000_000
    assert post(server.url, Part(b"{}", 1), Part(b"{}", 1)) == Sent(2, 0, "")
    assert len(server) == 2


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "400 Bad Request, no such field. It may not read OTLP as JSON"),
        (401, "401 Unauthorized, no such field. Check the headers: headers= or OTEL_EXPORTER_OTLP_HEADERS"),
        (404, "404 Not Found, no such field. Name a collector's address"),
        (415, "It does not read OTLP as JSON"),
        (503, "503 Service Unavailable, no such field, retry after 7. Try again later"),
        (500, "See the log of the collector"),
    ],
)
def test_a_refusal_says_why_and_what_to_do(server, status, words):
    server.status, server.body = status, b'{"code": 3, "message": "no such field"}'
    server.headers = {"Retry-After": "7"} if status == 503 else {}
    with pytest.raises(PerfkitError) as caught:
        post(server.url)
    assert str(caught.value).startswith(f"{server.url}/v1/traces refused the trace: ")
    assert words in str(caught.value)


def test_a_redirect_is_a_refusal(server):
    with serving() as elsewhere:
        server.status, server.headers = 302, {"Location": elsewhere.url}
        with pytest.raises(PerfkitError, match="302 Found"):
            post(server.url)
        assert not elsewhere


def test_what_had_arrived_before_a_failure_is_told(server):
    def parts():
        yield Part(b"{}", 4)
        server.status = 503
        yield Part(b"{}", 4)

    with pytest.raises(PerfkitError, match=r"refused the trace \(4 spans had arrived\): 503"):
        collector(server.url, {}, 5.0).post(parts())


def test_nobody_there():
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(PerfkitError, match=rf"cannot send the trace to {url}/v1/traces: Connection refused"):
        post(url)


@contextlib.contextmanager
def listening(says):
    """A server that is no HTTP server: it says this, or nothing at all, to whoever comes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            connection, _ = server.accept()
            with connection:
                if says is not None:
                    connection.recv(1024)
                    connection.sendall(says)
                else:
                    connection.recv(65536)
                    done.wait(10)

        done = threading.Event()
        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            done.set()
            thread.join()


@pytest.mark.parametrize("says", [b"\x00\x00\x12\x04\x00\x00\x00\x00\x00", b"", b"HTTP/1.1 999999\r\n\r\n"])
def test_a_server_that_speaks_something_else(says):
    with listening(says) as url, pytest.raises(PerfkitError, match=r"4317 is gRPC") as caught:
        post(url)
    assert caught.value.exit_code == 1


def test_a_server_that_never_answers():
    with listening(None) as url, pytest.raises(PerfkitError, match="no answer in time"):
        collector(url, {}, 0.05).post([Part(b"{}", 1)])


@pytest.mark.parametrize(
    "address",
    [
        *("localhost:4318", "ftp://h", "http://", "http://h:99999", "http://h:x", "", "http://[::1", "//h"),
        *("http://h/a b", "http://h/\n", "http://h:0", "http://ü"),
    ],
)
def test_addresses_that_are_none(address):
    with pytest.raises(UsageError, match=r"is no address of a collector; write http://localhost:4318"):
        collector(address, {}, 1.0)


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"a b": "x"}, "'a b' is no name of a header"),
        ({"x": "s3cr3t\r\nEvil: 1"}, "the value of the header 'x' must be text of one line"),
        ({"x": 5}, "must be text of one line"),
        ({"": "x"}, "'' is no name"),
    ],
)
def test_headers_that_are_none(headers, words):
    with pytest.raises(UsageError) as caught:
        collector("http://h", headers, 1.0)
    assert words in str(caught.value)
    assert "s3cr3t" not in str(caught.value)


def test_headers_of_the_environment_that_are_none(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "Authorization: s3cr3t")
    with pytest.raises(UsageError, match="OTEL_EXPORTER_OTLP_HEADERS must be name=value") as caught:
        collector(None, {}, 1.0)
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("timeout_s", [0, -1, float("inf"), float("nan")])
def test_times_that_are_none(timeout_s):
    with pytest.raises(UsageError, match="timeout_s must be more than 0 and finite"):
        collector(None, {}, timeout_s)


def test_secrets_of_the_address_are_not_shown():
    with pytest.raises(PerfkitError, match="Connection refused") as caught:
        post(f"http://127.0.0.1:{free_port()}/x?key=s3cr3t")
    assert "s3cr3t" not in str(caught.value)
    with pytest.raises(UsageError, match="is no address") as caught:
        post("ftp://me:s3cr3t@h/?k=s3cr3t")
    assert "s3cr3t" not in str(caught.value)
    with pytest.raises(UsageError, match="give a header instead: authorization") as caught:
        post("http://me:s3cr3t@h")
    assert "s3cr3t" not in str(caught.value)
