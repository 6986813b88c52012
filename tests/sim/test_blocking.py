import asyncio
import socket
import time
import urllib.request

import pytest
import requests

import perfkit
from perfkit.errors import DeadlockError, SimulationError, VirtualTimeoutError
from perfkit.sim import block_on, current_loop, run
from perfkit.sim.blocking import below
from tests.sim.greenlets.server import HOST, MS, network, serve

RTT_S, SERVICE_S = 0.02, 0.02
CALL_S = RTT_S + SERVICE_S
URL = f"http://{HOST}/"


def simulate(main, **options):
    return run(main, network=network(), **options)


def test_outside_a_simulation_there_is_no_loop():
    assert current_loop() is None
    with pytest.raises(SimulationError, match="needs a running simulation"):
        block_on(asyncio.sleep(1))


def test_the_loop_is_the_one_that_runs():
    async def main():
        return current_loop() is asyncio.get_running_loop()

    assert run(main)


def test_a_coroutine_is_waited_for_in_place():
    async def answer():
        await asyncio.sleep(5)
        return "it"

    async def main():
        return block_on(answer()), time.monotonic()

    assert run(main) == ("it", 5)


def test_its_error_is_the_callers():
    async def fails():
        await asyncio.sleep(1)
        raise LookupError("mine")

    async def main():
        with pytest.raises(LookupError, match="mine"):
            block_on(fails())
        return time.monotonic()

    assert run(main) == 1


def test_a_future_may_be_completed_from_below():
    async def main():
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        loop.call_later(2, future.set_result, "done", context=below())
        return block_on(future), loop.time()

    assert run(main) == ("done", 2)


def test_the_callers_own_host_stands_still_and_goes_on_in_order():
    order = []

    async def ticker(name):
        for _ in range(3):
            await asyncio.sleep(1)
            order.append((name, time.monotonic()))

    async def main():
        tasks = [asyncio.create_task(ticker(name)) for name in "ab"]
        await asyncio.sleep(1.5)
        block_on(asyncio.sleep(2))
        order.append(("main", time.monotonic()))
        await asyncio.gather(*tasks)

    run(main)
    assert order == [
        ("a", 1),
        ("b", 1),
        ("main", 3.5),
        ("a", 3.5),
        ("b", 3.5),
        ("a", 4.5),
        ("b", 4.5),
    ]


def test_the_current_task_is_itself_again():
    async def main():
        task = asyncio.current_task()
        inside = block_on(asyncio.wait_for(asyncio.sleep(1, "in"), 5))
        return inside, asyncio.current_task() is task, asyncio.get_running_loop() is current_loop()

    assert run(main) == ("in", True, True)


def test_a_server_answers_while_its_client_sleeps():
    async def main():
        async with serve():
            reader, writer = await asyncio.open_connection(HOST, 80)
            writer.write(b"GET /now HTTP/1.1\r\n\r\n")
            time.sleep(1)
            writer.write(b"GET /then HTTP/1.1\r\n\r\n")
            before = time.monotonic()
            await reader.readuntil(b"/now")
            first = time.monotonic() - before
            await reader.readuntil(b"/then")
            writer.close()
            return first, round(time.monotonic() - before, 9)

    # the first answer is there when the sleep is over: the server has not slept
    assert simulate(main) == (0, CALL_S)


def test_a_function_given_to_the_executor_may_block():
    async def main():
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, lambda: block_on(asyncio.sleep(3, "slept"))), loop.time()

    assert run(main) == ("slept", 3)


def test_waiting_for_what_nobody_will_complete_is_a_deadlock_even_when_swallowed():
    async def main():
        try:
            block_on(asyncio.get_running_loop().create_future())
        except Exception:
            await asyncio.sleep(0)

    with pytest.raises(DeadlockError, match="in main"):
        run(main)


def test_the_limit_holds_while_blocked():
    async def main():
        block_on(asyncio.sleep(20))

    with pytest.raises(VirtualTimeoutError, match="not done by 10 s"):
        run(main, limit_ns=10_000 * MS)


def test_computing_counts_for_the_host_that_computes():
    def busy():
        end = time.process_time_ns() + 20 * MS
        while time.process_time_ns() < end:
            pass

    class Busy(asyncio.Protocol):
        def connection_made(self, transport):
            busy()
            transport.write(b"done")

    async def main():
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Busy, HOST, 7)
        before = loop.computing_ns()
        with socket.create_connection((HOST, 7)) as sock:
            sock.recv(4)
        server.close()
        return loop.computing_ns() - before, loop.computing_ns(HOST)

    client_ns, server_ns = simulate(main)
    assert server_ns >= 20 * MS > client_ns


# Blocking clients in coroutines


def test_requests_in_a_coroutine_takes_its_time_and_is_found():
    async def main():
        async with serve():
            beats = []

            async def heart():
                while True:
                    await asyncio.sleep(0.03)
                    beats.append(time.perf_counter_ns() // MS)

            beating = asyncio.create_task(heart())
            with perfkit.record() as recording:
                await asyncio.sleep(0)
                with requests.Session() as session:
                    for i in range(3):
                        assert session.get(f"{URL}{i}").text == f"/{i}"
                took = time.perf_counter_ns()
                await asyncio.sleep(0)
            await asyncio.sleep(0.031)
            beating.cancel()
            return took, beats, recording

    took, beats, recording = simulate(main)
    assert took == 140 * MS
    assert beats == [140, 170]
    found = {finding.rule: finding for finding in recording.findings()}
    assert (found["PK202"].count, found["PK202"].spent_ns) == (3, 140 * MS)
    assert found["PK202"].site.function.endswith("main")
    assert found["PK102"].count == 3


def test_urllib_in_a_coroutine():
    async def main():
        async with serve():
            with urllib.request.urlopen(URL) as response:
                return response.read(), time.monotonic()

    assert simulate(main) == (b"/", RTT_S + CALL_S)


def test_timeouts_in_a_coroutine():
    async def main():
        async with serve():
            with pytest.raises(requests.ConnectTimeout):
                requests.get(URL, timeout=0.01)
            connected = time.perf_counter_ns()
            with pytest.raises(requests.ReadTimeout):
                requests.get(URL, timeout=0.03)
            return connected, time.perf_counter_ns()

    assert simulate(main) == (10 * MS, 60 * MS)


def test_two_blocking_hosts_at_once():
    class Asks(asyncio.Protocol):
        """A server that asks another one, and blocks meanwhile."""

        def connection_made(self, transport):
            transport.write(requests.get(URL).content)

    async def main():
        async with serve():
            server = await asyncio.get_running_loop().create_server(Asks, "asks.example", 7)
            with socket.create_connection(("asks.example", 7)) as sock:
                answer = sock.recv(10)
            server.close()
            return answer, time.monotonic()

    assert simulate(main) == (b"/", RTT_S + CALL_S)


def test_the_real_classes_are_back_afterwards():
    real = socket.socket, socket.getaddrinfo

    async def main():
        return socket.socket, socket.getaddrinfo

    assert run(main) != real
    assert (socket.socket, socket.getaddrinfo) == real
