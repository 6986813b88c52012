"""Faults: exactly those that were asked for, whoever asks."""

import asyncio
from collections import Counter

import aiohttp
import pytest

from perfkit.errors import DeadlockError
from perfkit.sim.distributions import share_of
from perfkit.worlds import http
from tests.worlds.service.support import MS, client, get, now_ns, simulate, wall

CLOCKS = pytest.mark.parametrize("go", [simulate, wall], ids=["virtual", "wall"])


def service(**options):
    api = http(rtt_ms=0, service_ms=1, **options)
    api.get("/text")(lambda request: "x" * 1000)
    return api


async def outcome(session, url):
    """How one request ended for its client."""
    try:
        async with session.get(url, timeout=aiohttp.ClientTimeout(total=0.5)) as answer:
            try:
                await answer.read()
            except aiohttp.ClientError:
                return "reset"
            return answer.status
    except TimeoutError:
        return "hang"


@CLOCKS
def test_faults_by_number_happen_to_these_requests(go):
    async def main(access, counters):
        async with client() as session:
            return [await outcome(session, access.url + "text") for _ in range(6)], counters()

    outcomes, counters = go(service(errors=[2], resets=[3, 5], hangs=[4]), main)
    assert outcomes == [200, 500, "reset", "hang", "reset", 200]
    assert {name: n for name, n in counters.items() if name.startswith("fault")} == {
        "fault: error": 1,
        "fault: hang": 1,
        "fault: reset": 2,
    }
    assert counters["errors"] == 0  # no handler has raised


def test_shares_give_the_same_faults_to_every_strategy():
    async def serial(access, counters):
        async with client() as session:
            return [await outcome(session, access.url + "text") for _ in range(200)], counters()

    async def concurrent(access, counters):
        async with client() as session:
            outcomes = await asyncio.gather(*(outcome(session, access.url + "text") for _ in range(200)))
            return outcomes, counters()

    api = service(errors=0.1, resets=0.05, hangs=0.05)
    one, of_one = simulate(api, serial, seed=9)
    two, of_two = simulate(api, concurrent, seed=9)
    luck = [share_of(9, "service.test/faults", number) for number in range(1, 201)]
    kinds = [500 if x < 0.1 else "reset" if x < 0.15 else "hang" if x < 0.2 else 200 for x in luck]
    assert one == kinds
    assert Counter(two) == Counter(kinds)
    assert of_one == {**of_two, "peak_busy": 1}


def test_an_injected_error_takes_its_time_and_calls_no_handler():
    async def main(access, counters):
        async with client() as session, session.get(access.url + "text") as answer:
            return answer.status, answer.headers["X-Error"], now_ns()

    assert simulate(service(errors=1.0), main) == (500, "fault", 1 * MS)


@CLOCKS
def test_a_reset_comes_in_the_middle_of_the_body(go):
    class Client(asyncio.Protocol):
        def __init__(self):
            self.got, self.lost = b"", asyncio.get_running_loop().create_future()

        def data_received(self, data):
            self.got += data

        def connection_lost(self, error):
            self.lost.set_result(error)

    async def main(access, counters):
        host, _, port = access.url.split("/")[2].partition(":")
        transport, answer = await asyncio.get_running_loop().create_connection(Client, host, int(port or 80))
        transport.write(b"GET /text HTTP/1.1\r\nHost: a\r\n\r\n")
        return await answer.lost, answer.got

    error, got = go(service(resets=[1]), main)
    assert isinstance(error, ConnectionResetError)
    head, _, body = got.partition(b"\r\n\r\n")
    assert b"Content-Length: 1002" in head
    assert body == b'"' + b"x" * 500


def test_a_client_that_waits_for_an_answer_that_never_comes_is_a_deadlock():
    async def main(access, counters):
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout()) as session:
            await get(session, access.url + "text")

    with pytest.raises(DeadlockError):
        simulate(service(hangs=1.0), main)


def test_a_route_may_be_without_the_faults_of_its_service():
    api = service(errors=1.0)
    api.get("/safe", errors=0)(lambda request: "safe")

    async def main(access, counters):
        async with client() as session:
            return await get(session, access.url + "safe")

    assert simulate(api, main) == (200, "safe")


def test_a_lost_answer_frees_its_worker():
    async def main(access, counters):
        async with client() as session:
            assert await outcome(session, access.url + "text") == "hang"
            return await outcome(session, access.url + "text")

    assert simulate(service(hangs=[1], workers=1, max_in_flight=1), main) == 200
