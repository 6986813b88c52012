"""The link proxy: the round trip it delivers, its throughput, and a gigabyte through it.

Run with ``pytest benchmarks/test_link_proxy.py -s`` on a machine that does nothing else. The proxy and the
PostgreSQL that is asked run in processes of their own, as they do for a scenario in real time.
"""

import asyncio
import multiprocessing
import os
import random
import select
import socket
import statistics
import sys
import threading
import time
from contextlib import contextmanager

import pytest

from perfkit.sim import Link
from perfkit.sim.distributions import Uniform
from perfkit.worlds import fine_timers
from perfkit.worlds.database import Cluster
from perfkit.worlds.link import Fault, LinkProxy, measure

MS = 1_000_000
MAX_OFF_P50_MS, MAX_OFF_P99_MS = 0.4, 3.0
MIN_SHARE_OF_DIRECT = 0.9
MIN_SHARE_OF_BARE = 0.75
MAX_OF_CLIENT = 1.25
ENOUGH_PROCESSORS = 4
CONNECTIONS = 16
ROUNDS, ROUND_S = 5, 2.0
GIGABYTE = 1 << 30


def _show(text):
    sys.stdout.write(f"\n{text}\n")


@pytest.mark.parametrize("rtt_ms", [1, 5, 20])
def test_delivered_round_trips(rtt_ms):
    delivered = fine_timers.run(lambda: measure(Link(rtt_ns=rtt_ms * MS), trips=300))
    coarse = asyncio.run(measure(Link(rtt_ns=rtt_ms * MS), trips=100))
    _show(f"{delivered}; with asyncio's own timers {coarse.quantile_ns(0.5) / MS:.2f} ms")
    assert abs(delivered.quantile_ns(0.5) / MS - rtt_ms) < MAX_OFF_P50_MS
    assert delivered.quantile_ns(0.99) / MS - rtt_ms < MAX_OFF_P99_MS


async def _asked_per_second(dsn, pooled=False):
    """Of 16 connections, or of a pool of 16, which adds a statement that resets its connection."""
    asyncpg = pytest.importorskip("asyncpg")
    pool = await asyncpg.create_pool(dsn, min_size=CONNECTIONS, max_size=CONNECTIONS)
    askers = [pool if pooled else await pool.acquire() for _ in range(CONNECTIONS)]
    end_s, asked = time.perf_counter() + ROUND_S, 0

    async def ask(asker):
        nonlocal asked
        while time.perf_counter() < end_s:
            await asker.fetchval("SELECT 1")
            asked += 1

    start_s = time.perf_counter()
    await asyncio.gather(*map(ask, askers))
    taken_s = time.perf_counter() - start_s
    pool.terminate()
    return asked / taken_s


def _connected(target):
    if isinstance(target, str):
        far = socket.socket(socket.AF_UNIX)
        far.connect(target)
    else:
        far = socket.create_connection(target)
        far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return far


def _forward(target, pipe):
    """The least that any proxy must do, in one thread and without an event loop: what ours stands beside."""
    poll, ways = select.epoll(), {}
    with socket.create_server(("127.0.0.1", 0)) as listening:
        poll.register(listening, select.EPOLLIN)
        poll.register(pipe, select.EPOLLIN)
        pipe.send(listening.getsockname())
        while True:
            for descriptor, _ in poll.poll():
                if descriptor == pipe.fileno():
                    return
                if descriptor == listening.fileno():
                    near, far = listening.accept()[0], _connected(target)
                    near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    for one, other in ((near, far), (far, near)):
                        poll.register(one, select.EPOLLIN)
                        ways[one.fileno()] = one, other
                    continue
                one, other = ways[descriptor]
                data = one.recv(1 << 16)
                if data:
                    other.send(data)
                else:
                    poll.unregister(one)
                    other.shutdown(socket.SHUT_WR)


def _link(rtt_ns, target, pipe):
    async def serve():
        async with LinkProxy(target, Link(rtt_ns=rtt_ns)) as proxy:
            pipe.send(proxy.address)
            while await asyncio.to_thread(pipe.recv):
                pipe.send(time.process_time())

    fine_timers.run(serve)


@contextmanager
def _in_between(serve, *arguments):
    """The address of a proxy in a process of its own, and a pipe to it."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(*arguments, there))
    process.start()
    try:
        yield here.recv(), here
    finally:
        here.send(None)
        process.join()


def _dsn(address):
    return f"postgresql://postgres@{address[0]}:{address[1]}/postgres"


def _shares(*dsns, pooled=False):
    """Statements a second of the first, and what part of them the others manage: medians of rounds."""
    rounds = [[asyncio.run(_asked_per_second(dsn, pooled)) for dsn in dsns] for _ in range(ROUNDS)]
    shares = [[each / first for each in others] for first, *others in rounds]
    return statistics.median(first for first, *_ in rounds), *map(
        statistics.median, zip(*shares, strict=True)
    )


@pytest.mark.parametrize("pooled", [False, True], ids=["connections", "a pool"])
def test_throughput_beside_direct(pooled):
    """90 % of direct, where there are processors for all: client, proxy and server.

    Two processors are used up without a proxy: a statement takes the client 16 us and the server as much, and
    what a proxy takes is missing then. A bare forwarder takes 15 us, 13 of them the system's, and leaves 73
    to 88 % of direct; ours takes 17 us, three quarters of them the system's, and leaves 67 to 83 % (four
    runs, with others on the machine; with a pool 69 to 72 %). So with two it is held to the bare one only.
    """
    with (
        Cluster() as cluster,
        _in_between(_link, 0, cluster.near_address) as (ours, _),
        _in_between(_forward, cluster.near_address) as (bare, _),
    ):
        direct, bare_share, our_share = _shares(cluster.dsn(), _dsn(bare), _dsn(ours), pooled=pooled)
    _show(
        f"{CONNECTIONS} connections, {os.cpu_count()} processors: direct {direct:,.0f}/s; "
        f"through the link {our_share:.0%} of it, through a bare forwarder {bare_share:.0%}"
    )
    assert our_share >= MIN_SHARE_OF_BARE * bare_share
    if (os.cpu_count() or 1) >= ENOUGH_PROCESSORS:
        assert our_share >= MIN_SHARE_OF_DIRECT


def test_what_a_statement_costs_the_proxy():
    """Where each has a processor of its own, the busier one sets the pace.

    Measured in five runs: client 15.1 to 16.7 us, proxy 16.3 to 18.4 us, so 90 to 98 % of direct.
    """
    with Cluster() as cluster, _in_between(_link, 0, cluster.near_address) as (ours, pipe):

        def processor_us():
            pipe.send("how much so far?")
            return time.process_time() * 1e6, pipe.recv() * 1e6

        rounds = []
        for _ in range(ROUNDS):
            before = processor_us()
            asked = ROUND_S * asyncio.run(_asked_per_second(_dsn(ours)))
            rounds.append([(now - then) / asked for now, then in zip(processor_us(), before, strict=True)])
    client_us, proxy_us = map(statistics.median, zip(*rounds, strict=True))
    _show(f"processor time for a statement: client {client_us:.1f} us, proxy {proxy_us:.1f} us")
    assert proxy_us <= MAX_OF_CLIENT * client_us


def test_throughput_with_latency():
    """Each connection asks once in a round trip and what a statement takes by itself, and no less often."""
    rtt_ms = 5
    with Cluster() as cluster, _in_between(_link, rtt_ms * MS, cluster.near_address) as (ours, _):
        direct, share = _shares(cluster.dsn(), _dsn(ours))
    possible = CONNECTIONS / (rtt_ms / 1000 + CONNECTIONS / direct)
    asked = share * direct
    _show(f"{CONNECTIONS} connections at {rtt_ms} ms: {asked:,.0f}/s of {possible:,.0f}/s possible")
    assert asked >= MIN_SHARE_OF_DIRECT * possible


class _Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)

    def pause_writing(self):
        self.transport.pause_reading()

    def resume_writing(self):
        self.transport.resume_reading()


def _through(address, size, seed):
    """Send random bytes and compare the echo, byte by byte: what has become of it."""
    with socket.create_connection(address) as client:
        broken = []  # of the two threads that use the connection, the system tells one of its reset

        def send():
            source, left = random.Random(seed), size
            try:
                while left:
                    data = source.randbytes(min(left, 1 << 16))
                    client.sendall(data)
                    left -= len(data)
                client.shutdown(socket.SHUT_WR)
            except ConnectionError:
                broken.append("reset")

        sender = threading.Thread(target=send)
        sender.start()
        expected, right, pending = random.Random(seed), 0, b""
        try:
            while got := client.recv(1 << 18):
                while len(pending) < len(got) and right + len(pending) < size:
                    pending += expected.randbytes(min(size - right - len(pending), 1 << 16))
                if pending[: len(got)] != got:
                    raise AssertionError(f"other bytes than were sent, after {right} that were right")
                pending = pending[len(got) :]
                right += len(got)
        except ConnectionResetError:
            broken.append("reset")
        finally:
            sender.join()
    return broken[0] if broken else "whole" if right == size else "cut"


@pytest.mark.parametrize("broken", [False, True], ids=["no faults", "a third of the connections is reset"])
def test_a_gigabyte_arrives_as_it_was_sent(broken):
    connections = 64
    size = GIGABYTE // 2 // connections  # both ways together
    fault = Fault("reset", share=1 / 3, after_bytes=size)

    async def main():
        loop = asyncio.get_running_loop()
        server = await loop.create_server(_Echo, "127.0.0.1", 0)
        link = Link(rtt_ns=2 * MS, jitter=Uniform(0, 2 * MS))
        faults = [fault] if broken else []
        async with LinkProxy(server.sockets[0].getsockname(), link, faults=faults, seed=5) as proxy:
            outcomes = [
                await asyncio.to_thread(_through, proxy.address, size, number)
                for number in range(connections)
            ]
            counted = proxy.counters
        server.close()
        return outcomes, counted

    start_s = time.perf_counter()
    outcomes, counted = fine_timers.run(main)
    taken_s = time.perf_counter() - start_s
    hit = [broken and fault.hits(5, number) for number in range(connections)]
    _show(f"{GIGABYTE / 2**20 / taken_s:,.0f} MB/s, {counted.reset} of {connections} connections reset")
    assert outcomes == ["reset" if each else "whole" for each in hit]
    assert counted.reset == sum(hit)
