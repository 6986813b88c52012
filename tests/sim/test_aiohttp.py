"""The unmodified aiohttp client and server against what theory says, to the nanosecond."""

import asyncio
import math
import random
import socket
import time

import aiohttp
import pytest
from aiohttp import web

from perfkit.sim import Link, run
from tests.sim.support import HOST, MS, RTT_NS, fetch, network, now_ns, service, serving, session

S = 1_000 * MS
SERVICE_NS = 30 * MS


def simulate(main, **link):
    return run(main, network=network(**link))


def measure(load, *, workers=None, connections=100, **link):
    """Virtual ns that ``load(client)`` takes against a server that needs SERVICE_NS a request."""

    async def main():
        async with serving(service(SERVICE_NS / 1e9, workers)), session(limit=connections) as client:
            start = now_ns()
            await load(client)
            return now_ns() - start

    return simulate(main, **link)


def gathered(n, in_flight):
    async def load(client):
        gate = asyncio.Semaphore(in_flight)

        async def one(i):
            async with gate:
                assert await fetch(client, f"/{i}") == f"/{i}"

        await asyncio.gather(*(one(i) for i in range(n)))

    return load


def test_serial_requests_cost_connect_and_a_round_trip_and_service_each():
    async def load(client):
        for i in range(201):
            await fetch(client, f"/{i}")

    assert measure(load) == RTT_NS + 201 * (RTT_NS + SERVICE_NS)


@pytest.mark.parametrize(("n", "in_flight"), [(100, 1), (100, 10), (95, 10), (5, 10)])
def test_k_in_flight_take_a_kth_of_the_time(n, in_flight):
    rounds = math.ceil(n / in_flight)
    assert measure(gathered(n, in_flight)) == RTT_NS + rounds * (RTT_NS + SERVICE_NS)


@pytest.mark.parametrize(("n", "workers"), [(60, 1), (60, 4), (61, 4)])
def test_a_busy_server_makes_a_queue(n, workers):
    waves = math.ceil(n / workers)
    assert measure(gathered(n, n), workers=workers) == 2 * RTT_NS + waves * SERVICE_NS


def test_a_connection_pool_smaller_than_the_load_is_the_limit():
    assert measure(gathered(100, 100), connections=20) == RTT_NS + 5 * (RTT_NS + SERVICE_NS)


def test_a_new_connection_each_time_costs_another_round_trip():
    async def main():
        async with serving(service(0)), session(force_close=True) as client:
            for _ in range(10):
                await fetch(client)
            return now_ns()

    assert simulate(main) == 10 * 2 * RTT_NS


def test_a_new_session_each_time_costs_another_round_trip():
    async def main():
        async with serving(service(0)):
            for _ in range(10):
                async with session() as client:
                    await fetch(client)
            return now_ns()

    assert simulate(main) == 10 * 2 * RTT_NS


def test_bandwidth_adds_the_time_to_send_every_byte():
    body = 1_000_000

    async def handler(request):
        assert len(await request.read()) == body
        return web.Response(text="ok")

    async def main():
        async with serving(handler), session() as client:
            start = now_ns()
            async with client.post(f"http://{HOST}/", data=bytes(body)) as response:
                await response.read()
            return now_ns() - start

    rate = 10_000_000
    took = simulate(main, bandwidth=rate)
    headers = took - 2 * RTT_NS - body * S // rate
    assert 0 < headers < 1000 * S // rate


def test_two_downloads_at_once_do_not_share_a_connection():
    async def handler(request):
        return web.Response(body=bytes(5_000_000))

    async def main():
        async with serving(handler), session() as client:

            async def one():
                async with client.get(f"http://{HOST}/") as response:
                    assert len(await response.read()) == 5_000_000

            start = now_ns()
            await asyncio.gather(one(), one())
            return now_ns() - start

    took = simulate(main, bandwidth=10_000_000)
    assert 0 < took - 2 * RTT_NS - S // 2 < MS


def test_streams_arrive_piece_by_piece():
    async def handler(request):
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(3):
            await asyncio.sleep(1)
            await response.write(b"x" * 10)
        await response.write_eof()
        return response

    async def main():
        async with serving(handler), session() as client, client.get(f"http://{HOST}/") as response:
            return [(now_ns(), piece) async for piece in response.content.iter_any()]

    first = 2 * RTT_NS + S
    assert simulate(main) == [(first + i * S, b"x" * 10) for i in range(3)]


def test_files_and_websockets_work(tmp_path):
    (tmp_path / "file.txt").write_text("contents")

    async def handler(request):
        if request.path == "/file":
            return web.FileResponse(tmp_path / "file.txt")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data.upper())
        return socket

    async def main():
        async with serving(handler), session() as client:
            text = await fetch(client, "/file")
            async with client.ws_connect(f"http://{HOST}/") as ws:
                await ws.send_str("hello")
                return text, await ws.receive_str()

    assert simulate(main) == ("contents", "HELLO")


def test_refused():
    async def main():
        async with session() as client:
            with pytest.raises(aiohttp.ClientConnectorError, match="Cannot connect to host"):
                await fetch(client)
            return now_ns()

    assert simulate(main) == RTT_NS


def test_an_unknown_host():
    async def main():
        async with session() as client:
            with pytest.raises(aiohttp.ClientConnectorDNSError, match="Name or service not known"):
                await fetch(client, host="nowhere.example")
            return now_ns()

    assert simulate(main) == 0


def test_client_timeouts_fire_at_the_right_time():
    async def main():
        async with serving(service(60)), session() as client:
            times = []
            for timeout in (aiohttp.ClientTimeout(total=1.5), aiohttp.ClientTimeout(sock_read=0.5)):
                start = now_ns()
                with pytest.raises(TimeoutError):
                    await fetch(client, timeout=timeout)
                times.append(now_ns() - start)
            with pytest.raises(aiohttp.ConnectionTimeoutError):
                await fetch(client, timeout=aiohttp.ClientTimeout(sock_connect=0.1))
            return times

    # The read timeout of the second one starts with its request, after a round trip to connect.
    assert simulate(main) == [1500 * MS, RTT_NS + 500 * MS]


@pytest.mark.parametrize(("idle_s", "connects"), [(14, 1), (16, 2)])
def test_an_idle_connection_is_kept_for_fifteen_virtual_seconds(idle_s, connects):
    made = []

    async def on_connect(*_):
        made.append(now_ns())

    async def main():
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_end.append(on_connect)
        async with serving(service(0)), aiohttp.ClientSession(trace_configs=[trace]) as client:
            await fetch(client)
            await asyncio.sleep(idle_s)
            await fetch(client)

    simulate(main)
    assert len(made) == connects


def test_a_server_that_hangs_up_ends_the_response_then_reconnects():
    async def handler(request):
        response = web.Response(text="bye")
        response.force_close()
        return response

    async def main():
        async with serving(handler), session() as client:
            return [await fetch(client) for _ in range(3)], now_ns()

    assert simulate(main) == (["bye"] * 3, 6 * RTT_NS)


def test_an_aborted_connection_is_an_error_at_the_client():
    async def handler(request):
        request.transport.abort()
        return web.Response()

    async def main():
        async with serving(handler), session() as client:
            with pytest.raises(aiohttp.ServerDisconnectedError):
                async with client.post(f"http://{HOST}/", data=b"x"):
                    pass
            return now_ns()

    assert simulate(main) == 2 * RTT_NS


def test_headers_carry_the_virtual_date():
    async def main():
        async with serving(service(240)), session() as client, client.get(f"http://{HOST}/") as response:
            return response.headers["Date"]

    assert simulate(main) == "Mon, 05 Jan 2026 09:04:00 GMT"


def test_handlers_see_who_calls():
    async def handler(request):
        return web.Response(text=f"{request.remote} {request.host}")

    async def main():
        async with serving(handler), session() as client:
            return await fetch(client)

    assert simulate(main) == "198.18.0.1 api.example"


def test_localhost_works_without_a_link():
    async def main():
        async with serving(service(1), host=None, port=8080), session() as client:
            await client.get("http://localhost:8080/")
            await client.get("http://127.0.0.1:8080/")
            return now_ns()

    assert run(main) == 2 * S


def test_hosts_have_links_of_their_own():
    net = network()
    net.connect_host("near.example", Link(rtt_ns=MS))

    async def main():
        near = serving(service(0), host="near.example")
        async with serving(service(0)), near, session() as client:
            times = []
            for host in (HOST, "near.example"):
                start = now_ns()
                await fetch(client, host=host)
                times.append(now_ns() - start)
            return times

    assert run(main, network=net) == [2 * RTT_NS, 2 * MS]


def test_blocking_work_in_a_handler_holds_everybody_up():
    async def handler(request):
        time.sleep(0.5)
        return web.Response(text="x")

    async def main():
        async with serving(handler), session() as client:
            await asyncio.gather(*(fetch(client) for _ in range(4)))
            return now_ns()

    assert simulate(main) == 2 * RTT_NS + 2 * S


def test_a_real_server_and_its_simulation_give_the_same_answers():
    async def handler(request):
        data = await request.json()
        return web.json_response({"sum": sum(data), "path": request.path, "n": len(await request.read())})

    async def ask(url):
        async with session() as client:
            answers = []
            for size in (0, 10, 100_000):
                numbers = random.Random(size).choices(range(1000), k=size)
                async with client.post(f"{url}/{size}", json=numbers) as response:
                    answers.append((response.status, await response.json()))
            return answers

    async def simulated():
        async with serving(handler):
            return await ask(f"http://{HOST}")

    async def real():
        async with serving(handler, host="127.0.0.1", port=0) as site:
            return await ask(f"http://127.0.0.1:{site.port}")

    assert simulate(simulated) == asyncio.run(real())


def test_nothing_is_left_open(recwarn):
    opened = []

    class Counting(socket.socket):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            opened.append(self)

    async def main():
        connector = aiohttp.TCPConnector(socket_factory=lambda info: Counting(*info[:3]))
        async with serving(service(0)), aiohttp.ClientSession(connector=connector) as client:
            await asyncio.gather(*(fetch(client) for _ in range(5)))

    simulate(main)
    assert [sock.fileno() for sock in opened] == [-1] * 5
    assert not recwarn.list
