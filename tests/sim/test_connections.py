"""Faults: refusals, resets and partitions, at any moment of virtual time."""

import asyncio
import errno

import aiohttp
import pytest
from aiohttp import web

from perfkit.errors import DeadlockError
from perfkit.sim import Link, Network, run
from perfkit.sim.outages import UNANSWERED_NS, UNCONNECTED_NS
from perfkit.sim.transports import SEND_BUFFER_BYTES
from tests.sim.support import HOST, MS, RTT_NS, Log, fetch, network, now_ns, pair, service, serving, session

HALF = RTT_NS // 2
S = 1_000 * MS


def simulate(main, **link):
    """Run ``main(network)``."""
    net = network(**link)
    return run(lambda: main(net), network=net)


def at(seconds, action, *arguments):
    asyncio.get_running_loop().call_later(seconds, action, *arguments)


def since(start, protocol):
    return [(when - start, *what) for when, *what in protocol.events if when >= start]


# Refusing


def test_refusing_hits_new_connections_only_until_healed():
    async def main(net):
        _, client, server = await pair()
        net.refuse(HOST)
        start = now_ns()
        with pytest.raises(ConnectionRefusedError, match="Connect call failed") as caught:
            await asyncio.get_running_loop().create_connection(Log, HOST, 7000)
        took = now_ns() - start
        client.transport.write(b"still here")
        await asyncio.sleep(1)
        net.heal(HOST)
        await asyncio.get_running_loop().create_connection(Log, HOST, 7000)
        return caught.value.errno, took, server.data

    assert simulate(main) == (errno.ECONNREFUSED, RTT_NS, b"still here")


def test_a_refusal_names_the_ports_that_are_open():
    async def main(_):
        loop = asyncio.get_running_loop()
        for port in (8080, 80):
            await loop.create_server(Log, HOST, port)
        await loop.create_connection(Log, HOST, 443)

    with pytest.raises(ConnectionRefusedError, match=r"api\.example listens on port 80 and 8080 only"):
        simulate(main)


# Resetting


def test_a_reset_ends_the_hosts_end_at_once_and_the_clients_after_the_latency():
    async def main(net):
        _, client, server = await pair()
        start = now_ns()
        client.transport.write(b"never read")
        net.reset(HOST)
        await asyncio.sleep(1)
        return since(start, client), since(start, server)

    client, server = simulate(main)
    assert client == [(HALF, "lost", "ConnectionResetError")]
    assert server == [(0, "lost", "ConnectionResetError")]


def test_what_was_under_way_before_a_reset_still_arrives():
    async def main(net):
        _, client, server = await pair()
        start = now_ns()
        server.transport.write(b"last words")
        await asyncio.sleep(0.01)
        net.reset(HOST)
        await asyncio.sleep(1)
        return since(start, client)

    assert simulate(main) == [
        (HALF, "data", b"last words"),
        (HALF + 10 * MS, "lost", "ConnectionResetError"),
    ]


def test_a_reset_of_the_client_and_of_nobody():
    async def main(net):
        _, client, server = await pair()
        start = now_ns()
        net.reset("other.example")
        assert not client.transport.is_closing()
        net.reset("")
        net.reset("")
        await asyncio.sleep(1)
        net.reset("")
        return since(start, client), since(start, server)

    lost = ("lost", "ConnectionResetError")
    assert simulate(main) == ([(0, *lost)], [(HALF, *lost)])


def test_a_reset_while_a_connection_is_on_its_way():
    async def main(net):
        loop = asyncio.get_running_loop()
        await loop.create_server(Log, HOST, 7000)
        _, client = await loop.create_connection(Log, HOST, 7000)
        net.reset(HOST)
        await asyncio.sleep(1)
        return client.events

    assert simulate(main) == [(RTT_NS, "made"), (RTT_NS + HALF, "lost", "ConnectionResetError")]


def test_a_client_sees_a_reset_and_asks_again():
    async def main(net):
        async with serving(service(1)), session() as client:
            at(1, net.reset, HOST)
            with pytest.raises(aiohttp.ClientOSError, match="Connection reset by peer"):
                await client.post(f"http://{HOST}/")
            failed = now_ns()
            await client.post(f"http://{HOST}/")
            return failed, now_ns() - failed

    assert simulate(main) == (S + HALF, 2 * RTT_NS + S)


# Partitions


def test_what_is_sent_under_way_or_answered_during_a_partition_comes_after_it():
    async def main(net):
        _, client, server = await pair()
        start = now_ns()
        client.transport.write(b"under way")
        server.transport.write(b"answer")
        at(0.05, net.partition, HOST)
        at(0.06, client.transport.write, b"sent")
        at(0.07, client.transport.close)
        at(3, net.heal, HOST)
        await asyncio.sleep(10)
        return since(start, client), since(start, server)

    client, server = simulate(main)
    assert client == [(70 * MS, "lost", None)]
    when = 3 * S + HALF
    assert server == [
        (when, "data", b"under way"),
        (when, "data", b"sent"),
        (when, "eof"),
        (when, "lost", None),
    ]


def test_order_is_kept_over_a_short_partition():
    async def main(net):
        _, client, server = await pair()
        start = now_ns()
        client.transport.write(b"a")
        at(0.04, net.partition, HOST)
        at(0.05, client.transport.write, b"b")
        at(0.08, net.heal, HOST)
        at(0.09, client.transport.write, b"c")
        await asyncio.sleep(1)
        return since(start, server)

    assert simulate(main) == [
        (HALF, "data", b"a"),
        (HALF + 80 * MS, "data", b"b"),
        (HALF + 90 * MS, "data", b"c"),
    ]


def test_connecting_hangs_until_healed():
    async def main(net):
        async with serving(service(0)), session() as client:
            net.partition(HOST)
            at(5, net.heal, HOST)
            await fetch(client)
            return now_ns()

    assert simulate(main) == 5 * S + 2 * RTT_NS


def test_a_partition_that_begins_while_connecting_is_met_too():
    async def main(net):
        async with serving(service(0)), session() as client:
            at(0.15, net.partition, HOST)
            at(1, net.heal, HOST)
            await fetch(client)
            return now_ns()

    assert simulate(main) == S + 2 * RTT_NS


def test_a_partition_that_begins_before_the_server_has_accepted():
    async def main(net):
        server = await asyncio.get_running_loop().create_server(Log, HOST, 7000)
        at(0.25, net.partition, HOST)
        at(1, net.heal, HOST)
        _, client = await asyncio.get_running_loop().create_connection(Log, HOST, 7000)
        await asyncio.sleep(0.5)
        waiting = len(server._clients)
        await asyncio.sleep(1)
        return client.events, waiting, len(server._clients)

    assert simulate(main) == ([(RTT_NS, "made")], 0, 1)


def test_a_kernel_gives_up_connecting_and_waiting_for_answers():
    async def main(net):
        loop = asyncio.get_running_loop()
        _, client, server = await pair()
        start = now_ns()
        net.partition(HOST)
        with pytest.raises(TimeoutError) as caught:
            await loop.create_connection(Log, HOST, 7000)
        assert caught.value.errno == errno.ETIMEDOUT
        connecting = now_ns() - start
        start = now_ns()
        client.transport.write(b"anybody?")
        error = await client.lost
        assert error.errno == errno.ETIMEDOUT
        unanswered = now_ns() - start
        net.heal(HOST)
        await asyncio.sleep(1)
        return connecting, unanswered, server.data, server.transport.is_closing()

    assert simulate(main) == (UNCONNECTED_NS, UNANSWERED_NS, b"anybody?", True)


def test_a_healed_outage_does_not_end_the_next_one():
    async def main(net):
        _, client, _ = await pair()
        net.partition(HOST)
        client.transport.write(b"a")
        at(900, net.heal, HOST)
        at(901, net.partition, HOST)
        at(902, client.transport.write, b"b")
        start = now_ns()
        await client.lost
        return now_ns() - start

    assert simulate(main) == 902 * S + UNANSWERED_NS


def test_the_kernel_keeps_only_its_buffer_meanwhile():
    async def main(net):
        _, client, server = await pair()
        net.partition(HOST)
        client.transport.write(bytes(1_000_000))
        await asyncio.sleep(1)
        held, events = client.transport.get_write_buffer_size(), [event[1] for event in client.events]
        start = now_ns()
        net.heal(HOST)
        await asyncio.sleep(10)
        return held, events, len(server.data), server.events[-1][0] - start

    held, events, received, took = simulate(main, bandwidth=None)
    assert 1_000_000 - held <= SEND_BUFFER_BYTES < 1_000_000 - held + 65_536
    assert events == ["made", "pause"]
    assert (received, took) == (1_000_000, HALF)


def test_a_partitioned_host_cannot_call_either_but_reaches_itself():
    async def main(net):
        loop = asyncio.get_running_loop()
        for name in ("db.example", HOST):
            await loop.create_server(Log, name, 5432)
        net.partition(HOST)

        async def call(target):
            try:
                async with asyncio.timeout(2):
                    await loop.create_connection(Log, target, 5432)
            except TimeoutError:
                return "cut"
            return "reached"

        def from_host(target):
            return loop.create_task(call(target), context=loop.new_context(HOST))

        return [
            await from_host("db.example"),
            await from_host(HOST),
            await call("db.example"),
            await call(HOST),
        ]

    assert simulate(main) == ["cut", "reached", "reached", "cut"]


def test_two_partitions_end_when_both_are_healed():
    net = Network(default=Link(rtt_ns=RTT_NS))

    async def main():
        loop = asyncio.get_running_loop()
        await loop.create_server(Log, "db.example", 5432)
        net.partition("db.example")
        net.partition("")
        at(1, net.heal, "db.example")
        at(2, net.heal, "")
        await loop.create_connection(Log, "db.example", 5432)
        return now_ns()

    assert run(main, network=net) == 2 * S + RTT_NS


def test_a_reset_during_a_partition_is_heard_of_after_it():
    async def main(net):
        _, client, server = await pair()
        start = now_ns()
        net.partition(HOST)
        net.reset(HOST)
        at(5, net.heal, HOST)
        await asyncio.sleep(10)
        return since(start, client), since(start, server)

    lost = ("lost", "ConnectionResetError")
    assert simulate(main) == ([(5 * S + HALF, *lost)], [(0, *lost)])


def test_a_reset_that_was_under_way_is_late_as_well():
    async def main(net):
        _, client, _ = await pair()
        start = now_ns()
        net.reset(HOST)
        at(0.05, net.partition, HOST)
        at(5, net.heal, HOST)
        await asyncio.sleep(10)
        return since(start, client)

    assert simulate(main) == [(5 * S + HALF, "lost", "ConnectionResetError")]


def test_client_timeouts_fire_to_the_nanosecond_in_a_partition():
    async def main(net):
        async with serving(service(0)), session() as client:
            times = []

            async def attempt(error, **timeout):
                start = now_ns()
                with pytest.raises(error):
                    await fetch(client, timeout=aiohttp.ClientTimeout(**timeout))
                times.append(now_ns() - start)

            net.partition(HOST)
            await attempt(aiohttp.ConnectionTimeoutError, sock_connect=0.7)
            await attempt(aiohttp.ConnectionTimeoutError, connect=0.8)
            await attempt(TimeoutError, total=0.9)
            net.heal(HOST)
            await fetch(client)
            net.partition(HOST)
            await attempt(aiohttp.SocketTimeoutError, total=None, sock_read=1.1)
            start = now_ns()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1.2):
                    await fetch(client)
            times.append(now_ns() - start)
            net.heal(HOST)
            await asyncio.sleep(1)
            await fetch(client)
            return times

    assert simulate(main) == [700 * MS, 800 * MS, 900 * MS, 1100 * MS, 1200 * MS]


def test_a_cancelled_request_closes_its_connection():
    ended = []

    async def handler(request):
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            ended.append(now_ns())
            raise
        return web.Response()

    async def main(_):
        async with serving(handler, handler_cancellation=True), session() as client:
            task = asyncio.create_task(fetch(client))
            await asyncio.sleep(1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            cancelled = now_ns()
            await asyncio.sleep(1)
            return cancelled

    assert simulate(main) == S
    assert ended == [S + HALF]


def test_a_partition_for_ever_is_a_deadlock_once_everybody_has_given_up():
    async def main(net):
        _, client, _ = await pair()
        net.partition(HOST)
        await client.lost

    with pytest.raises(DeadlockError, match="1 task waits"):
        simulate(main)


def test_a_network_serves_one_simulation_after_the_other():
    net = network()

    async def main():
        async with serving(service(0)), session() as client:
            await fetch(client)
            return now_ns()

    assert run(main, network=net) == run(main, network=net) == 2 * RTT_NS
    net.reset(HOST)
