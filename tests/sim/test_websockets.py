"""Unmodified WebSocket libraries, client and server, to the nanosecond."""

import asyncio
import ssl

import aiohttp
import pytest
from aiohttp import web
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK

from perfkit.sim import run
from tests.sim.support import HOST, MS, RTT_NS, network, now_ns, server_tls, serving, session

S = 1_000 * MS


def simulate(main, **link):
    """Run ``main(network)``."""
    net = network(**link)
    return run(lambda: main(net), network=net)


async def echo(socket):
    async for message in socket:
        await socket.send(message.upper())


@pytest.mark.parametrize(("tls", "round_trips"), [(False, 2), (True, 3)])
def test_websockets_on_both_ends(tls, round_trips):
    async def main(_):
        server_context, scheme = (server_tls(), "wss") if tls else (None, "ws")
        async with serve(echo, HOST, 443, ssl=server_context):
            options = {"ssl": ssl.create_default_context()} if tls else {}
            async with connect(f"{scheme}://{HOST}:443/", proxy=None, **options) as socket:
                times = [now_ns()]
                for _ in range(10):
                    await socket.send("hello")
                    assert await socket.recv() == "HELLO"
                    times.append(now_ns())
            return times, now_ns() - times[-1]

    times, closing = simulate(main)
    assert times == [(round_trips + i) * RTT_NS for i in range(11)]
    assert closing == RTT_NS


def test_messages_overlap():
    async def main(_):
        async with serve(echo, HOST, 80), connect(f"ws://{HOST}/", proxy=None) as socket:
            start = now_ns()
            for i in range(100):
                await socket.send(f"{i}")
            assert [await socket.recv() for i in range(100)] == [f"{i}" for i in range(100)]
            return now_ns() - start

    assert simulate(main) == RTT_NS


def test_a_peer_that_does_not_answer_pings_is_given_up():
    async def main(net):
        async with serve(echo, HOST, 80):
            socket = await connect(
                f"ws://{HOST}/", proxy=None, ping_interval=20, ping_timeout=5, close_timeout=1
            )
            start = now_ns()
            asyncio.get_running_loop().call_later(30, net.partition, HOST)
            with pytest.raises(ConnectionClosedError):
                await socket.recv()
            took = now_ns() - start
            net.heal(HOST)
            return took

    # Asked at 20 s and answered; asked again at 40 s, in the partition. Then it waits for the close.
    assert 45 * S <= simulate(main) <= 47 * S


def test_a_server_that_closes():
    async def close(socket):
        await asyncio.sleep(3)
        await socket.close()

    async def main(_):
        async with serve(close, HOST, 80), connect(f"ws://{HOST}/", proxy=None) as socket:
            with pytest.raises(ConnectionClosedOK):
                await socket.recv()
            return now_ns()

    # From the server's answer to its close, and then for the client's own close and the server's end.
    assert simulate(main) == 3 * RTT_NS + 3 * S


@pytest.mark.parametrize(("tls", "round_trips"), [(False, 2), (True, 3)])
def test_aiohttp_on_both_ends(tls, round_trips):
    async def handler(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data.upper())
        return socket

    async def main(_):
        context, scheme = (server_tls(), "wss") if tls else (None, "ws")
        async with serving(handler, port=443, tls=context), session() as client:
            async with client.ws_connect(f"{scheme}://{HOST}:443/") as socket:
                times = [now_ns()]
                for _ in range(10):
                    await socket.send_str("hello")
                    assert await socket.receive_str() == "HELLO"
                    times.append(now_ns())
                with pytest.raises(TimeoutError):
                    await socket.receive(timeout=0.5)
            return times, now_ns() - times[-1]

    times, closing = simulate(main)
    assert times == [(round_trips + i) * RTT_NS for i in range(11)]
    assert closing == 500 * MS


def test_libraries_of_both_kinds_talk_to_each_other():
    async def main(_):
        async with serve(echo, HOST, 80), session() as client, client.ws_connect(f"ws://{HOST}/") as socket:
            await socket.send_str("hello")
            message = await socket.receive()
            return message.type is aiohttp.WSMsgType.TEXT, message.data, now_ns()

    assert simulate(main) == (True, "HELLO", 3 * RTT_NS)
