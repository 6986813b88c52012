import asyncio
import contextlib
import hashlib
import random
import socket
import threading

import pytest

from perfkit.errors import UsageError, WorldError
from perfkit.sim import Link
from perfkit.sim.distributions import Constant, Uniform
from perfkit.worlds import fine_timers
from perfkit.worlds.link import Fault, LinkProxy
from perfkit.worlds.link.way import MAX_UNDER_WAY_BYTES
from tests.worlds.link.support import MS, Echo, Greeter, client, linked, now_ns, simulate


def test_half_of_the_round_trip_each_way_and_one_more_for_the_handshake():
    async def main():
        async with linked(Link(rtt_ns=20 * MS)) as proxy, client(proxy) as (reader, writer):
            arrivals = []
            for _ in range(3):
                writer.write(b"x")
                assert await reader.readexactly(1) == b"x"
                arrivals.append(now_ns())
            return arrivals

    assert simulate(main) == [40 * MS, 60 * MS, 80 * MS]


def test_a_server_that_speaks_first_is_heard_after_the_handshake():
    async def main():
        async with linked(Link(rtt_ns=20 * MS), Greeter) as proxy, client(proxy) as (reader, _):
            assert await reader.readexactly(5) == b"hello"
            return now_ns()

    assert simulate(main) == 40 * MS  # connected at 20, seen by the server at 30


def test_latency_does_not_limit_throughput():
    async def main():
        async with linked(Link(rtt_ns=100 * MS)) as proxy, client(proxy) as (reader, writer):
            for number in range(200):  # one a millisecond, pipelined
                writer.write(bytes([number]))
                await asyncio.sleep(0.001)
            assert await reader.readexactly(200) == bytes(range(200))
            return now_ns()

    assert simulate(main) == 299 * MS  # sent at 199, a round trip later


def test_bandwidth_is_per_direction_and_starts_to_arrive_early():
    async def main():
        link = Link(rtt_ns=10 * MS, bandwidth_bytes_per_s=1_000_000)
        async with linked(link) as proxy, client(proxy) as (reader, writer):
            writer.write(bytes(100_000))
            await reader.readexactly(16_384)
            first_ns = now_ns()
            await reader.readexactly(100_000 - 16_384)
            return first_ns, now_ns()

    first_ns, last_ns = simulate(main)
    assert first_ns == (10 + 5 + 5) * MS + 2 * 16_384_000
    assert last_ns == pytest.approx((10 + 5 + 5) * MS + 100_000_000 + 16_384_000, abs=2 * MS)


def test_jitter_delays_and_never_reorders():
    async def main():
        link = Link(rtt_ns=MS, jitter=Uniform(0, 50 * MS))
        async with linked(link, seed=7) as proxy, client(proxy) as (reader, writer):
            for number in range(200):
                writer.write(bytes([number]))
                await asyncio.sleep(0.001)
            assert await reader.readexactly(200) == bytes(range(200))
            return now_ns()

    first = simulate(main)
    assert first == simulate(main)
    assert 200 * MS < first < 320 * MS


def test_settings_change_for_open_connections():
    async def main():
        async with linked(Link()) as proxy, client(proxy) as (reader, writer):
            trips = []
            for link in (Link(), Link(rtt_ns=8 * MS), Link(rtt_ns=2 * MS, jitter=Constant(MS))):
                proxy.link = link
                start_ns = now_ns()
                writer.write(b"x")
                await reader.readexactly(1)
                trips.append(now_ns() - start_ns)
            return trips

    assert simulate(main) == [0, 8 * MS, 4 * MS]


def test_a_faster_link_does_not_let_new_bytes_overtake():
    async def main():
        async with linked(Link(rtt_ns=50 * MS)) as proxy, client(proxy) as (reader, writer):
            writer.write(b"slow")
            await asyncio.sleep(0.001)
            proxy.link = Link()
            writer.write(b"fast")
            return await reader.readexactly(8), now_ns()

    assert simulate(main) == (b"slowfast", 75 * MS)  # there as agreed, back at once


def test_a_close_arrives_after_the_data_and_half_closes_stay_open():
    async def main():
        async with linked(Link(rtt_ns=20 * MS)) as proxy, client(proxy) as (reader, writer):
            writer.write(b"last words")
            writer.write_eof()
            assert await reader.read() == b"last words"
            assert proxy.counters.reset == 0
            return now_ns()

    assert simulate(main) == 40 * MS


def test_reset_all_and_blackhole():
    async def main():
        async with linked(Link(rtt_ns=2 * MS)) as proxy, client(proxy) as (reader, writer):
            writer.write(b"a")
            await reader.readexactly(1)
            proxy.blackhole(True)
            writer.write(b"bc")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.readexactly(2), 1)
            proxy.blackhole(False)
            assert await reader.readexactly(2) == b"bc"
            assert proxy.reset_all() == 1
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)
            return proxy.counts()

    counted = simulate(main)
    assert counted["reset"] == 1
    assert counted["connections"] == 1


def test_refusing():
    async def main():
        async with linked(Link()) as proxy:
            proxy.refusing = True
            async with client(proxy) as (reader, writer):
                writer.write(b"x")
                with pytest.raises(ConnectionError):
                    await reader.readexactly(1)
            proxy.refusing = False
            async with client(proxy) as (reader, writer):
                writer.write(b"x")
                assert await reader.readexactly(1) == b"x"
            return proxy.counters.refused

    assert fine_timers.run(main) == 1


async def _outcome(proxy):
    """What becomes of a connection that sends 100 bytes, ten at a time, and closes."""
    reader, writer = await asyncio.open_connection(*proxy.address)
    got = 0
    try:
        async with asyncio.timeout(0.5):
            for _ in range(10):
                writer.write(bytes(10))
                got += len(await reader.readexactly(10))
            writer.write_eof()
            await reader.read()
    except ConnectionResetError:
        return "reset", got
    except TimeoutError:
        return "silent", got
    finally:
        writer.transport.abort()
    return "fine", got


@pytest.mark.parametrize(
    ("kind", "seen", "run"), [("reset", "reset", fine_timers.run), ("blackhole", "silent", simulate)]
)
def test_exactly_the_asked_faults(kind, seen, run):
    fault = Fault(kind, share=0.4, after_bytes=60, after_connections=5)

    async def main():
        async with linked(Link(), faults=[fault], seed=3) as proxy:
            outcomes = [await _outcome(proxy) for _ in range(30)]
            return outcomes, proxy.counts()

    outcomes, counted = run(main)
    hit = [fault.hits(3, number) for number in range(30)]
    assert not any(hit[:5])
    assert 5 < sum(hit) < 20
    # 30 bytes there and 30 back are 60; the 61st is one too many
    assert outcomes == [(seen, 30) if each else ("fine", 100) for each in hit]
    assert counted["reset" if kind == "reset" else "blackholed"] == sum(hit)


def test_a_slow_close():
    async def main():
        fault = Fault("slow_close", close_ns=300 * MS)
        async with linked(Link(rtt_ns=10 * MS), faults=[fault]) as proxy, client(proxy) as (reader, writer):
            writer.write_eof()
            assert await reader.read() == b""
            return now_ns(), proxy.counters.slow_closed

    # handshake, then half a trip and 300 ms to the server, which closes at once: the same back
    assert simulate(main) == ((10 + 305 + 305) * MS, 1)


def test_a_unix_socket_at_the_far_end(tmp_path):
    path = str(tmp_path / "service")

    async def ask(proxy):
        async with client(proxy) as (reader, writer):
            writer.write(b"x")
            writer.write_eof()
            return await reader.read()

    async def main():
        async with LinkProxy(path) as proxy:
            with pytest.raises(ConnectionError):
                await ask(proxy)  # nobody is there
            server = await asyncio.get_running_loop().create_unix_server(Echo, path)
            assert await ask(proxy) == b"x"
            server.close()
            return proxy.counters.unreachable

    assert fine_timers.run(main) == 1


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_UNIX])
def test_last_words_arrive_although_nobody_listens_any_more(family, tmp_path):
    async def main():
        loop = asyncio.get_running_loop()
        with socket.socket(family) as service:
            service.setblocking(False)
            service.bind(str(tmp_path / "service") if family == socket.AF_UNIX else ("127.0.0.1", 0))
            service.listen()
            async with LinkProxy(service.getsockname()) as proxy, client(proxy) as (reader, writer):
                peer, _ = await loop.sock_accept(service)
                writer.write(b"x")
                assert await loop.sock_recv(peer, 1) == b"x"
                writer.write(b"more")  # and before it can be passed on:
                peer.send(b"bye")
                peer.close()
                return await reader.readexactly(3)

    assert fine_timers.run(main) == b"bye"


def test_nobody_at_the_far_end():
    async def main():
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            async with LinkProxy(unused.getsockname()) as proxy, client(proxy) as (reader, _):
                with pytest.raises(ConnectionError):
                    await reader.readexactly(1)
                return proxy.counters.unreachable

    assert fine_timers.run(main) == 1


def test_a_port_in_use_and_an_address_too_early():
    async def main():
        async with linked(Link()) as proxy:
            with pytest.raises(WorldError, match=f"cannot listen on 127.0.0.1:{proxy.address[1]}"):
                await LinkProxy(("127.0.0.1", 1)).start(port=proxy.address[1])

    fine_timers.run(main)
    with pytest.raises(WorldError, match="start"):
        LinkProxy(("127.0.0.1", 1)).address  # noqa: B018


def test_a_loss_is_refused():
    with pytest.raises(UsageError, match=r"loss=0\.1: packets are lost in simulations only"):
        LinkProxy(("127.0.0.1", 1), Link(loss=0.1))


def _exchange(address, size, seed):
    """Send random bytes and receive the echo at the same time: the digests of both."""
    sent, received = hashlib.sha256(), hashlib.sha256()

    def send(connection):
        source = random.Random(seed)
        left = size
        while left:
            data = source.randbytes(min(left, source.randrange(1, 200_000)))
            sent.update(data)
            connection.sendall(data)
            left -= len(data)
        connection.shutdown(socket.SHUT_WR)

    with socket.create_connection(address) as connection:
        sender = threading.Thread(target=send, args=(connection,))
        sender.start()
        while data := connection.recv(1 << 20):
            received.update(data)
        sender.join()
    return sent.hexdigest(), received.hexdigest()


def test_nothing_is_lost_or_reordered():
    size = 2 * MAX_UNDER_WAY_BYTES  # more than is held: reading must pause and go on

    async def main():
        link = Link(rtt_ns=2 * MS, jitter=Uniform(0, 3 * MS))
        async with linked(link) as proxy:
            return await asyncio.to_thread(_exchange, proxy.address, size, 1)

    sent, received = fine_timers.run(main)
    assert sent == received


def test_it_stops_with_connections_in_every_state():
    async def main():
        async with linked(Link(rtt_ns=5 * MS)) as proxy:
            waiting = [await asyncio.open_connection(*proxy.address) for _ in range(3)]
            await asyncio.sleep(0.02)
            waiting += [await asyncio.open_connection(*proxy.address) for _ in range(3)]  # just accepted
            for _, writer in waiting[::2]:
                writer.write(b"x")
        for reader, writer in waiting:
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
            writer.transport.abort()
        return proxy.counts()

    counted = fine_timers.run(main)
    assert counted["open"] == counted["refused"] == counted["reset"] == 0
