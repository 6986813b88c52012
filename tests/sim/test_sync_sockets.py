"""Blocking sockets in a coroutine: the whole client stands still, and servers go on."""

import asyncio
import errno
import gc
import os
import select
import selectors
import socket
import ssl
import sys
import threading
import time
import types

import pytest

from perfkit.errors import SimulationError
from perfkit.sim import Link, Network, run, sync_sockets
from perfkit.sim.transports import SEND_BUFFER_BYTES
from perfkit.sim.unsupported import NotSimulatedError

MS = 1_000_000
HOST, PORT = "peer.example", 7
RTT_NS = 20 * MS


class Peer(asyncio.Protocol):
    """Keeps what it gets, and does what ``made`` and ``got`` say."""

    def __init__(self, made, got):
        self.made, self.got = made, got
        self.data, self.events = b"", []

    def note(self, event):
        self.events.append((asyncio.get_running_loop().now_ns, event))

    def connection_made(self, transport):
        self.transport = transport
        if self.made:
            self.made(self)

    def data_received(self, data):
        self.data += data
        if self.got:
            self.got(self)

    def eof_received(self):
        self.note("eof")

    def connection_lost(self, exc):
        self.note("lost")

    def pause_writing(self):
        self.note("full")

    def resume_writing(self):
        self.note("room")


def simulate(client, *, made=None, got=None, bandwidth=None, tls=None, network=None):
    """What ``client(sock, peers)`` returns, for a socket connected to a Peer."""
    network = network or Network()
    network.connect_host(HOST, Link(rtt_ns=RTT_NS, bandwidth_bytes_per_s=bandwidth))
    peers = []

    def factory():
        peers.append(Peer(made, got))
        return peers[-1]

    async def main():
        server = await asyncio.get_running_loop().create_server(factory, HOST, PORT, ssl=tls)
        try:
            with socket.create_connection((HOST, PORT)) as sock:
                answer = client(sock, peers)
        finally:
            server.close()
        await asyncio.sleep(1)
        return answer

    return run(main, network=network)


def echo(peer):
    peer.transport.write(peer.data)
    peer.data = b""


# Data


def test_a_round_trip_to_connect_and_one_to_ask():
    def client(sock, peers):
        connected = time.perf_counter_ns()
        sock.sendall(b"hello")
        return connected, sock.recv(100), time.perf_counter_ns()

    assert simulate(client, got=echo) == (RTT_NS, b"hello", 2 * RTT_NS)


def test_pieces_of_what_has_arrived():
    def client(sock, peers):
        buffer = bytearray(3)
        pieces = [sock.recv(2), sock.recv_into(buffer), bytes(buffer), sock.recv_into(buffer, 1)]
        return [*pieces, sock.recv(1, socket.MSG_PEEK), sock.recvfrom(9)[0]]

    made = lambda peer: peer.transport.write(b"0123456789")  # noqa: E731
    assert simulate(client, made=made) == [b"01", 3, b"234", 1, b"6", b"6789"]


def test_files_of_a_socket_read_and_write():
    def client(sock, peers):
        with sock.makefile("rwb") as file:
            file.write(b"one\ntwo\n")
            file.flush()
            return file.readline(), file.readline()

    assert simulate(client, got=echo) == (b"one\n", b"two\n")


def test_a_file_keeps_the_connection_open():
    def client(sock, peers):
        file = sock.makefile("rb")
        sock.sendall(b"x")
        sock.close()
        byte = file.read(1)
        before = list(peers[0].events)
        file.close()
        return byte, before

    assert simulate(client, got=echo) == (b"x", [])


def test_several_ways_to_send(tmp_path):
    (tmp_path / "file").write_bytes(b"of a file")

    def client(sock, peers):
        sent = [sock.send(bytearray(b"a")), sock.sendmsg([b"b", b"c"])]
        with open(tmp_path / "file", "rb") as file:
            sent.append(sock.sendfile(file, 5))
        time.sleep(1)
        return sent, peers[0].data

    assert simulate(client) == ([1, 2, 4], b"abcfile")


def test_sending_waits_until_the_kernel_has_taken_all():
    def client(sock, peers):
        start = time.perf_counter_ns()
        sock.sendall(bytes(1_000_000))
        return time.perf_counter_ns() - start

    assert simulate(client, bandwidth=1e6) == (1_000_000 - SEND_BUFFER_BYTES) * 1000


def test_sending_may_time_out_or_not_block():
    def client(sock, peers):
        sock.settimeout(0.1)
        start = time.perf_counter_ns()
        with pytest.raises(TimeoutError):
            sock.sendall(bytes(1_000_000))
        took = time.perf_counter_ns() - start
        sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            sock.send(b"more")
        return took, select.select([], [sock], [], 0)[1], select.select([], [sock], [])[1] == [sock]

    assert simulate(client, bandwidth=1e6) == (100 * MS, [], True)


def test_who_does_not_receive_stops_the_sender():
    def client(sock, peers):
        time.sleep(5)
        stopped = list(peers[0].events)
        read = 0
        while read < 20_000_000:
            read += len(sock.recv(1_000_000))
        return [event for _, event in stopped], read

    made = lambda peer: peer.transport.write(bytes(20_000_000))  # noqa: E731
    assert simulate(client, made=made) == (["full"], 20_000_000)


# Endings


def test_the_end_of_the_stream():
    def client(sock, peers):
        return sock.recv(10), sock.recv(10), sock.recv(10)

    def made(peer):
        peer.transport.write(b"bye")
        peer.transport.close()

    assert simulate(client, made=made) == (b"bye", b"", b"")


def test_ending_one_direction():
    def client(sock, peers):
        sock.sendall(b"x")
        sock.shutdown(socket.SHUT_WR)
        time.sleep(1)
        return peers[0].data, peers[0].events

    assert simulate(client) == (b"x", [(RTT_NS + RTT_NS // 2, "eof"), (RTT_NS + RTT_NS // 2, "lost")])


def test_reading_can_be_ended_by_oneself():
    def client(sock, peers):
        sock.shutdown(socket.SHUT_RD)
        return sock.recv(10)

    assert simulate(client) == b""


def test_closing_tells_the_peer():
    def client(sock, peers):
        sock.close()
        time.sleep(1)
        return [event for _, event in peers[0].events]

    assert simulate(client) == ["eof", "lost"]


def test_a_reset_connection_raises_and_stays_lost():
    network = Network()

    def client(sock, peers):
        network.reset(HOST)
        with pytest.raises(ConnectionResetError):
            sock.recv(10)
        with pytest.raises(OSError, match="reset"):
            sock.send(b"x")

    simulate(client, network=network)


def test_a_partition_is_a_timeout_until_it_is_healed():
    network = Network()

    def client(sock, peers):
        network.partition(HOST)
        sock.settimeout(1)
        sock.sendall(b"x")
        with pytest.raises(TimeoutError, match="timed out"):
            sock.recv(1)
        second = socket.socket()
        second.settimeout(2)
        with pytest.raises(TimeoutError, match="timed out"):
            second.connect((HOST, PORT))
        second.close()
        now = time.perf_counter_ns()
        network.heal(HOST)
        return now, sock.recv(1)

    assert simulate(client, network=network, got=echo) == (RTT_NS + 3000 * MS, b"x")


def test_what_is_closed_or_not_connected_says_so():
    def client(sock, peers):
        errors = []
        fresh = socket.socket()
        for call in (
            lambda: fresh.recv(1),
            lambda: sock.connect((HOST, PORT)),
            fresh.getpeername,
            lambda: (fresh.close(), fresh.send(b"")),
        ):
            with pytest.raises(OSError, match=r"\[Errno") as raised:
                call()
            errors.append(raised.value.errno)
        return errors

    assert simulate(client) == [errno.ENOTCONN, errno.EISCONN, errno.ENOTCONN, errno.EBADF]


def test_refused_connections_also_as_a_number():
    def client(sock, peers):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((HOST, 8))
        with socket.socket() as other:
            refused = other.connect_ex((HOST, 8))
        with socket.socket() as other:
            other.settimeout(0.001)
            return refused, other.connect_ex((HOST, PORT))

    assert simulate(client) == (errno.ECONNREFUSED, errno.EAGAIN)


def test_a_connection_of_an_ended_simulation_is_reset():
    def client(sock, peers):
        kept.append(socket.create_connection((HOST, PORT)))

    kept = []
    simulate(client)
    with pytest.raises(ConnectionResetError, match="simulation that this connection was in has ended"):
        kept[0].recv(1)

    def again(sock, peers):
        return select.select([kept[0], sock], [], [], 0)[0] == [kept[0]]

    assert simulate(again)
    kept[0].close()


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts descriptors as Linux shows them")
def test_no_descriptor_is_left_open():
    def client(sock, peers):
        kept.extend([sock, socket.create_connection((HOST, PORT))])
        return [s.fileno() > 2 for s in kept]

    kept = []
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    assert simulate(client) == [True, True]
    assert len(os.listdir("/proc/self/fd")) == before
    kept[1].close()


# What it shows


def test_names_options_and_timeouts():
    def client(sock, peers):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(2.5)
        shown = [sock.family, sock.type, sock.proto, sock.timeout, sock.gettimeout(), sock.getblocking()]
        with pytest.raises(ValueError, match="out of range"):
            sock.settimeout(-1)
        time.sleep(1)
        peer = peers[0].transport.get_extra_info("peername")
        assert sock.getsockname() == peer
        assert sock.getpeername() == peers[0].transport.get_extra_info("sockname")
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE) == socket.SOCK_STREAM
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
        assert "simulated" in repr(sock)
        return shown

    shown = [socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, 2.5, 2.5, True]
    assert simulate(client) == shown


def test_every_socket_is_one_to_isinstance():
    def client(sock, peers):
        near, far = socket.socketpair()
        far.close()
        with near, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            return [isinstance(s, socket.socket) for s in (sock, near, datagrams, "no")], type(near)

    assert simulate(client) == ([True, True, True, False], sync_sockets.RealSocket)


def test_a_module_that_bound_the_class_early_gets_it_too(monkeypatch):
    early = types.ModuleType("bound_early")
    early.socket, early.select = socket.socket, select.select
    monkeypatch.setitem(sys.modules, "bound_early", early)

    def client(sock, peers):
        return early.socket is socket.socket, early.select is select.select

    assert simulate(client) == (True, True)
    assert early.socket is socket.socket is sync_sockets.RealSocket


def test_other_threads_keep_real_sockets():
    kinds = []

    def client(sock, peers):
        thread = threading.Thread(target=lambda: kinds.append(socket.socket()))
        thread.start()
        thread.join()

    simulate(client)
    assert type(kinds[0]) is sync_sockets.RealSocket
    kinds[0].close()


def test_names_are_the_simulations():
    def client(sock, peers):
        with pytest.raises(socket.gaierror):
            socket.gethostbyname("nowhere.example")
        return socket.gethostbyname(HOST) == sock.getpeername()[0]

    assert simulate(client)


def test_a_bound_socket_is_for_create_server():
    async def main():
        sock = socket.socket()
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        port = sock.getsockname()[1]
        server = await asyncio.get_running_loop().create_server(asyncio.Protocol, sock=sock)
        same = server.sockets[0].getsockname()[1] == port > 0
        with socket.create_connection(("127.0.0.1", port)) as client:
            connected = client.getpeername()[1] == port
        server.close()
        return same, connected

    assert run(main) == (True, True)


@pytest.mark.parametrize("call", ["accept", "dup", "detach"])
def test_what_is_not_simulated_says_so(call):
    def client(sock, peers):
        with pytest.raises(NotSimulatedError, match=call):
            getattr(sock, call)()

    simulate(client)


def test_connecting_without_blocking_is_refused():
    def client(sock, peers):
        with socket.socket() as other:
            other.setblocking(False)
            with pytest.raises(NotSimulatedError, match="does not block"):
                other.connect((HOST, PORT))

    simulate(client)


# Waiting for several


def test_select_waits_for_the_first_of_them():
    def client(sock, peers):
        with socket.create_connection((HOST, PORT)) as second:
            second.sendall(b"x")
            start = time.perf_counter_ns()
            none = select.select([sock, second], [], [], 0.005)
            waited = time.perf_counter_ns() - start
            ready = select.select([sock, second], [], [])[0]
            return none, waited, ready == [second], time.perf_counter_ns() - start

    assert simulate(client, got=echo) == (([], [], []), 5 * MS, True, RTT_NS)


def test_poll_tells_a_hang_up():
    def client(sock, peers):
        poller = select.poll()
        poller.register(sock)
        first = poller.poll(0)
        time.sleep(1)
        poller.modify(sock, select.POLLIN)
        second = poller.poll(0)
        poller.unregister(sock)
        with pytest.raises(FileNotFoundError):
            poller.modify(sock, select.POLLIN)
        fd = sock.fileno()
        return first == [(fd, select.POLLOUT)], second == [(fd, select.POLLIN)]

    made = lambda peer: asyncio.get_running_loop().call_later(0.5, peer.transport.close)  # noqa: E731
    assert simulate(client, made=made) == (True, True)


def test_the_default_selector_knows_simulated_sockets():
    def client(sock, peers):
        with selectors.DefaultSelector() as selector:
            selector.register(sock, selectors.EVENT_READ, "mine")
            sock.sendall(b"x")
            start = time.perf_counter_ns()
            return (
                selector.select(0.005),
                [key.data for key, _ in selector.select()],
                time.perf_counter_ns() - start,
            )

    assert simulate(client, got=echo) == ([], ["mine"], RTT_NS)


def test_real_descriptors_are_looked_at_in_real_time():
    def client(sock, peers):
        near, far = socket.socketpair()
        far.send(b"x")
        poller = select.poll()
        poller.register(near, select.POLLIN)
        with near, far:
            seen = select.select([near], [], [], 10)[0] == [near], len(poller.poll(10_000))
            with pytest.raises(SimulationError, match="simulated and a real descriptor together"):
                select.select([near, sock], [], [])
        return seen

    assert simulate(client) == (True, 1)


# TLS


SERVER_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


def test_tls_takes_its_round_trips_and_shows_what_libraries_look_at():
    def client(sock, peers):
        context = ssl.create_default_context()
        with context.wrap_socket(sock, server_hostname=HOST) as secure:
            shaken = time.perf_counter_ns()
            secure.write(b"x")
            assert secure.read(1) == b"x"
            shown = secure.version(), secure.cipher()[0][:3], secure.pending(), secure.server_hostname
            return shaken, time.perf_counter_ns(), shown, secure.context is context, sock.fileno()

    seen = simulate(client, got=echo, tls=SERVER_TLS)
    assert seen == (2 * RTT_NS, 3 * RTT_NS, ("TLSv1.3", "TLS", 0, HOST), True, -1)


def test_a_wrapped_socket_may_connect_later():
    def client(sock, peers):
        context = ssl.create_default_context()
        start = time.perf_counter_ns()
        with context.wrap_socket(socket.socket(), server_hostname=HOST) as secure:
            secure.connect((HOST, PORT))
            secure.do_handshake()
            return time.perf_counter_ns() - start

    assert simulate(client, tls=SERVER_TLS) == 2 * RTT_NS


def test_a_handshake_may_time_out():
    def client(sock, peers):
        sock.settimeout(0.005)
        with pytest.raises(TimeoutError, match="handshake"):
            ssl.create_default_context().wrap_socket(sock, server_hostname=HOST)
        return time.perf_counter_ns()

    assert simulate(client, tls=SERVER_TLS) == RTT_NS + 5 * MS


def test_a_server_without_tls_is_an_ssl_error():
    def client(sock, peers):
        with pytest.raises(ssl.SSLError, match="speaks no TLS"):
            ssl.create_default_context().wrap_socket(sock, server_hostname=HOST)

    simulate(client, got=lambda peer: peer.transport.write(b"HTTP/1.1 400 Bad Request"))


def test_what_wrap_socket_refuses():
    def client(sock, peers):
        context = ssl.create_default_context()
        with pytest.raises(ValueError, match="server_hostname"):
            context.wrap_socket(sock)
        with pytest.raises(ValueError, match="client"):
            context.wrap_socket(sock, server_side=True)

    simulate(client)
