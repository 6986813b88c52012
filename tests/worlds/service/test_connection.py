"""The protocol of one connection, on a transport that writes down what it is told."""

import asyncio
import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.worlds.service.connection import Connection

GET = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"


class Transport(asyncio.Transport):
    def __init__(self, can_write_eof=True):
        super().__init__()
        self.written, self.log, self.eof = b"", [], can_write_eof

    def write(self, data):
        self.written += data

    def get_extra_info(self, name, default=None):
        return self

    def setsockopt(self, level, option, value):
        self.log.append((option, value))

    def can_write_eof(self):
        return self.eof

    def __getattribute__(self, name):
        if name in ("write_eof", "close", "abort", "pause_reading", "resume_reading"):
            return lambda: self.log.append(name)
        return super().__getattribute__(name)


class Service:
    """Answers each request with its target, at once or when told."""

    def __init__(self, at_once=True):
        self.at_once, self.seen, self.left_by = at_once, [], []

    def joined(self, connection):
        pass

    def left(self, connection):
        self.left_by.append(connection)

    def receive(self, connection, message):
        self.seen.append(message.target)
        if self.at_once:
            connection.answer(b"", f"[{message.target}]".encode())

    def not_understood(self, error):
        return b"<%d>" % error.status


def connect(service, **options):
    connection, transport = Connection(service), Transport(**options)
    connection.connection_made(transport)
    return connection, transport


def test_requests_that_come_together_are_answered_in_order():
    connection, transport = connect(Service())
    connection.data_received(b"".join(GET % n for n in range(3)))
    assert transport.written == b"[/0][/1][/2]"


def test_ten_thousand_at_once_do_not_pile_up_on_the_stack():
    connection, transport = connect(Service())
    connection.data_received(GET % 1 * 10_000)
    assert transport.written == b"[/1]" * 10_000


def test_the_next_request_waits_for_the_answer_to_the_one_before():
    service = Service(at_once=False)
    connection, transport = connect(service)
    connection.data_received(GET % 1 + GET % 2)
    connection.data_received(GET % 3)
    assert service.seen == ["/1"]
    connection.answer(b"a", b"b")
    assert service.seen == ["/1", "/2"]
    assert transport.written == b"ab"


def test_a_client_that_sends_much_ahead_is_left_in_the_kernel():
    connection, transport = connect(Service(at_once=False))
    connection.data_received(GET % 1)
    connection.data_received(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n")
    assert "pause_reading" not in transport.log
    connection.data_received(b"x" * 1_200_000)
    assert transport.log == ["pause_reading"]
    connection.answer(b"", b"")
    assert transport.log == ["pause_reading", "resume_reading"]


def test_a_client_that_does_not_read_waits_too():
    service = Service()
    connection, _ = connect(service)
    connection.pause_writing()
    connection.data_received(GET % 1)
    assert service.seen == []
    connection.resume_writing()
    assert service.seen == ["/1"]


def test_close_is_kept_to():
    connection, transport = connect(Service())
    connection.data_received(b"GET /1 HTTP/1.0\r\n\r\n" + GET % 2)
    assert transport.written == b"[/1]"
    assert transport.log == ["close"]


@pytest.mark.parametrize(("can_write_eof", "ending"), [(True, "write_eof"), (False, "close")])
def test_garbage_is_answered_once_and_the_rest_ignored(can_write_eof, ending):
    service = Service()
    connection, transport = connect(service, can_write_eof=can_write_eof)
    connection.data_received(GET % 1 + b"garbage\r\n\r\n")
    connection.data_received(GET % 2)
    assert transport.written == b"[/1]<400>"
    assert transport.log[-1] == ending
    assert service.seen == ["/1"]
    assert not connection.eof_received()


def test_continue_is_told_once_and_in_its_place():
    connection, transport = connect(Service())
    connection.data_received(
        GET % 1 + b"PUT /2 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
    )
    connection.data_received(b"bo")
    connection.data_received(b"dy")
    assert transport.written == b"[/1]HTTP/1.1 100 Continue\r\n\r\n[/2]"


def test_fresh_until_the_first_request():
    class Watching(Service):
        def receive(self, connection, message):
            self.seen.append(connection.fresh)
            connection.answer(b"", b"")

    service = Watching()
    connection, _ = connect(service)
    connection.data_received(GET % 1 + GET % 2)
    assert service.seen == [True, False]


@pytest.mark.parametrize(("body", "sent"), [(b"123456", b"head123"), (b"", b"he")])
def test_a_cut_answer_ends_in_the_middle(body, sent):
    connection, transport = connect(Service(at_once=False))
    connection.data_received(GET % 1)
    connection.cut(b"head", body)
    connection.data_received(GET % 2)
    assert transport.written == sent
    assert transport.log == [(socket.SO_LINGER, struct.pack("ii", 1, 0)), "abort"]


def test_nothing_is_written_to_a_client_that_has_gone():
    service = Service(at_once=False)
    connection, transport = connect(service)
    connection.data_received(GET % 1 + GET % 2)
    connection.connection_lost(None)
    connection.answer(b"a", b"b")
    connection.cut(b"a", b"b")
    assert connection.gone
    assert (transport.written, service.seen, service.left_by) == (b"", ["/1"], [connection])


@given(st.lists(st.binary(max_size=80)))
def test_any_bytes_are_answered_waited_for_or_refused(packets):
    connection, transport = connect(Service())
    for packet in packets:
        connection.data_received(packet)
    assert transport.written in (b"", b"<400>", b"<505>")
