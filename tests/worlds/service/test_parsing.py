"""Requests out of bytes: all that RFC 9112 allows, however it is cut, and nothing else."""

from contextlib import suppress
from itertools import pairwise

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.worlds.service.parsing import MAX_HEAD_BYTES, BadMessageError, Headers, Parser

GET = b"GET /jobs?a=1 HTTP/1.1\r\nHost: a\r\nX-Two: 1\r\nx-two: 2\r\n\r\n"
POST = b"POST /jobs HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"POST /jobs HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\n6 ;note=x\r\n world\r\n0\r\nX-Sum: 1\r\n\r\n"
)


def parse(*packets, limit=1000):
    parser = Parser(limit)
    found = []
    for packet in packets:
        parser.feed(packet)
        while (message := parser.next()) is not None:
            found.append(message)
    return found


def test_a_request_without_a_body():
    (message,) = parse(GET)
    assert (message.method, message.target, message.body, message.keep_alive) == (
        "GET",
        "/jobs?a=1",
        b"",
        True,
    )
    assert dict(message.headers) == {"host": "a", "x-two": "1, 2"}
    assert message.headers["HOST"] == "a"
    assert message.headers.get("none") is None
    assert len(message.headers) == 2
    assert repr(Headers({"a": "b"})) == "Headers({'a': 'b'})"


def test_bodies():
    assert [message.body for message in parse(POST + CHUNKED)] == [b"hello", b"hello world"]


@given(st.lists(st.integers(0, len(GET + POST + CHUNKED) * 2)))
def test_packets_may_be_cut_anywhere(cuts):
    stream = (GET + POST + CHUNKED) * 2
    edges = sorted({0, *cuts, len(stream)})
    packets = [stream[a:b] for a, b in pairwise(edges)]
    assert parse(*packets) == parse(GET, POST, CHUNKED) * 2


def test_byte_by_byte():
    stream = GET + POST + CHUNKED
    assert parse(*(stream[i : i + 1] for i in range(len(stream)))) == parse(stream)


@pytest.mark.parametrize(
    ("version", "connection", "keeps"),
    [
        ("1.1", "", True),
        ("1.1", "Connection: close\r\n", False),
        ("1.1", "Connection: Upgrade, Close\r\n", False),
        ("1.0", "", False),
        ("1.0", "Connection: Keep-Alive\r\n", True),
    ],
)
def test_who_keeps_the_connection(version, connection, keeps):
    (message,) = parse(f"GET / HTTP/{version}\r\nHost: a\r\n{connection}\r\n".encode())
    assert message.keep_alive is keeps


def head(line="GET / HTTP/1.1", fields="Host: a"):
    return f"{line}\r\n{fields}\r\n\r\n".encode("latin-1")


@pytest.mark.parametrize(
    ("data", "status", "says"),
    [
        (head("GET /"), 400, "no request line"),
        (head("GET  / HTTP/1.1"), 400, "no request line"),
        (head("G(T / HTTP/1.1"), 400, "no request line"),
        (head("GET /ü HTTP/1.1"), 400, "no request line"),
        (head("GET / HTTP/1.1 "), 400, "no request line"),
        (head("GET / HTTP/2.0"), 505, "HTTP/2.0 is not spoken"),
        (head(fields="X: 1"), 400, "Host header is missing"),
        (head(fields="Host: a\r\nHost: b"), 400, "two headers named host"),
        (head(fields="Host : a"), 400, "no header field"),
        (head(fields="Host: a\r\n folded"), 400, "no header field"),
        (head(fields="Host: a\r\nX: a\nY: b"), 400, "no header field"),
        (head(fields="Host: a\r\nX: \x00"), 400, "no header field"),
        (head(fields="Host: a\r\n: x"), 400, "no header field"),
        (head(fields="Host: a\r\nContent-Length: +5"), 400, "no Content-Length"),
        (head(fields="Host: a\r\nContent-Length: 5, 5"), 400, "no Content-Length"),
        (head(fields="Host: a\r\nContent-Length: 1\r\nContent-Length: 1"), 400, "two headers"),
        (head(fields="Host: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked"), 400, "at once"),
        (head(fields="Host: a\r\nTransfer-Encoding: gzip, chunked"), 501, "gzip, chunked"),
        (head("GET / HTTP/1.0", "Transfer-Encoding: chunked"), 400, "knows no chunks"),
        (head(fields="Host: a\r\nContent-Length: 1001"), 413, "1001 bytes is over the limit of 1000"),
        (head(fields="Host: a\r\nTransfer-Encoding: chunked") + b"3e9\r\n", 413, "1001 bytes"),
        (head(fields="Host: a\r\nTransfer-Encoding: chunked") + b"0x5\r\n", 400, "no size of a chunk"),
        (head(fields="Host: a\r\nTransfer-Encoding: chunked") + b"\r\n", 400, "no size of a chunk"),
        (head(fields="Host: a\r\nTransfer-Encoding: chunked") + b"1" * 300, 400, "over 256 bytes"),
        (head(fields="Host: a\r\nTransfer-Encoding: chunked") + b"2\r\nabcd", 400, "longer than it says"),
        (head(fields="Host: a\r\nTransfer-Encoding: chunked") + b"0\r\nno field\r\n", 400, "no trailer"),
        (b"G" * MAX_HEAD_BYTES, 431, "over 65536 bytes"),
        (b"\x16\x03\x01\x02\x00\x01", 400, "is this HTTPS, to an HTTP port"),
    ],
)
def test_what_is_refused(data, status, says):
    with pytest.raises(BadMessageError, match=says) as caught:
        parse(data)
    assert caught.value.status == status


def test_empty_lines_before_a_request_are_passed_over():
    assert parse(b"\r", b"\n\r\n" + GET) == parse(GET)


def test_the_limit_is_of_one_body_and_not_of_a_connection():
    assert len(parse(*[head(fields="Host: a\r\nContent-Length: 1000") + b"x" * 1000] * 5)) == 5


def test_who_waits_for_continue_is_told_once():
    parser = Parser()
    parser.feed(head("POST / HTTP/1.1", "Host: a\r\nContent-Length: 2\r\nExpect: 100-Continue"))
    assert parser.next() is None
    assert parser.wants_continue
    parser.wants_continue = False
    parser.feed(b"o")
    assert parser.next() is None
    assert not parser.wants_continue
    parser.feed(b"k")
    assert parser.next().body == b"ok"
    parser.feed(head("POST / HTTP/1.1", "Host: a\r\nContent-Length: 2\r\nExpect: 100-Continue") + b"ok")
    assert parser.next().body == b"ok"
    assert not parser.wants_continue


@given(st.lists(st.binary(max_size=60)))
def test_garbage_is_refused_or_waited_for(packets):
    with suppress(BadMessageError):
        parse(*packets)


TOKENS = st.sampled_from([b"GET", b" ", b"/", b"HTTP/1.1", b"\r\n", b"\n", b"Host: a", b"\r\n\r\n"])
LENGTHS = st.sampled_from([b"Content-Length: 3", b"Transfer-Encoding: chunked", b"0", b"3", b"abc", b":"])


@given(st.lists(st.one_of(TOKENS, LENGTHS, st.binary(max_size=3)), max_size=40))
def test_what_looks_like_requests_is_refused_or_waited_for(parts):
    with suppress(BadMessageError):
        parse(b"GET / HTTP/1.1\r\nHost: a\r\n" + b"".join(parts))


NAMES = st.from_regex(r"\A[a-z][a-z0-9-]{0,10}\Z").filter(
    lambda name: name not in ("host", "content-length", "transfer-encoding", "connection", "expect")
)
VALUES = st.from_regex(r"\A[!-~]([ -~]{0,20}[!-~])?\Z")
REQUESTS = st.builds(
    lambda method, target, fields, body, chunked: (method, target, fields, body, chunked),
    st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"]),
    st.from_regex(r"\A/[!-~]{0,30}\Z"),
    st.dictionaries(NAMES, VALUES, max_size=5),
    st.binary(max_size=100),
    st.booleans(),
)


@given(st.lists(REQUESTS, min_size=1, max_size=3))
def test_what_another_implementation_writes_is_read(requests):
    stream = b""
    for method, target, fields, body, chunked in requests:
        framing = ("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(len(body)))
        headers = [("Host", "a"), *fields.items(), framing]
        connection = h11.Connection(h11.CLIENT)
        stream += connection.send(h11.Request(method=method, target=target, headers=headers))
        stream += connection.send(h11.Data(data=body))
        stream += connection.send(h11.EndOfMessage())
    for message, (method, target, fields, body, _) in zip(parse(stream), requests, strict=True):
        assert (message.method, message.target, message.body) == (method, target, body)
        assert {name: message.headers[name] for name in fields} == fields
