"""What requests cost in virtual time, against what queueing theory says: to the nanosecond."""

import asyncio
import heapq
import re
from itertools import pairwise

import aiohttp
import httpx
import pytest

from perfkit.sim import Link
from perfkit.sim.distributions import Empirical, Exponential, Lognormal, draw_ns
from perfkit.worlds import http
from tests.worlds.service.support import MS, RTT_MS, client, get, now_ns, simulate

RTT = RTT_MS * MS
ROUTE = "service.test GET /jobs/{id}"


def service(**options):
    api = http(rtt_ms=RTT_MS, **options)

    @api.get("/jobs/{id}")
    def job(request):
        return {"number": request.number}

    return api


async def together(access, count):
    """``count`` requests at once on a connection each; when each had its answer, as they arrived there.

    A client sends what it is asked to do in one moment in an order of its own.
    """

    async def one():
        _, answer = await get(session, access.url + "jobs/1")
        return answer["number"], now_ns()

    async with client(0) as session:
        return [moment for _, moment in sorted(await asyncio.gather(*(one() for _ in range(count))))]


def test_a_request_costs_a_round_trip_and_its_service_and_a_connection_another():
    async def main(access, counters):
        moments = []
        async with client() as session:
            for _ in range(3):
                await get(session, access.url + "jobs/1")
                moments.append(now_ns())
        return moments

    assert simulate(service(service_ms=30), main) == [70 * MS, 120 * MS, 170 * MS]


@pytest.mark.parametrize(("workers", "count"), [(1, 5), (3, 10), (8, 8), (8, 100)])
def test_a_queue_with_workers_is_done_in_rounds(workers, count):
    async def main(access, counters):
        return await together(access, count), counters()

    moments, counters = simulate(service(service_ms=30, workers=workers), main)
    assert moments == [2 * RTT + (1 + n // workers) * 30 * MS for n in range(count)]
    assert counters["peak_busy"] == min(workers, count)


@pytest.mark.parametrize(
    "distribution",
    [Lognormal(30 * MS, 0.5), Exponential(10 * MS), Empirical([1 * MS, 2 * MS, 40 * MS])],
    ids=lambda distribution: type(distribution).__name__,
)
@pytest.mark.parametrize("workers", [1, 4])
def test_a_queue_with_drawn_service_times_is_list_scheduling(distribution, workers):
    free = [2 * RTT - RTT // 2] * workers  # connected, and the request half a round trip under way
    expected = []
    for number in range(1, 61):
        done = heapq.heappop(free) + draw_ns(distribution, 5, ROUTE, number)
        heapq.heappush(free, done)
        expected.append(done + RTT // 2)

    async def main(access, counters):
        return await together(access, 60)

    assert simulate(service(service=distribution, workers=workers), main, seed=5) == expected


def test_strategies_meet_the_same_draws():
    async def dur(session, url):
        async with session.get(url) as answer:
            told = re.fullmatch(r"app;dur=([0-9.]+)", answer.headers["Server-Timing"])
            return (await answer.json())["number"], told[1]

    async def serial(access, counters):
        async with client() as session:
            return dict([await dur(session, access.url + "jobs/1") for _ in range(40)])

    async def concurrent(access, counters):
        async with client() as session:
            return dict(await asyncio.gather(*(dur(session, access.url + "jobs/1") for _ in range(40))))

    api = service(service=Lognormal(30 * MS, 0.5))
    one = simulate(api, serial, seed=3)
    assert one == simulate(api, concurrent, seed=3)
    assert one != simulate(api, serial, seed=4)
    assert float(one[7]) * MS == draw_ns(Lognormal(30 * MS, 0.5), 3, ROUTE, 7)


def test_server_timing_is_queue_and_service():
    async def main(access, counters):
        async def one():
            async with session.get(access.url + "jobs/1") as answer:
                return answer.headers["Server-Timing"]

        async with client() as session:
            return sorted(await asyncio.gather(one(), one()))

    assert simulate(service(service_ms=30, workers=1), main) == ["app;dur=30.000000", "app;dur=60.000000"]


def test_rows_cost():
    api = http(rtt_ms=0, service_ms=1, per_row_ms=0.5)
    api.get("/list")(lambda request: [1, 2, 3])
    api.get("/object")(lambda request: {"items": [1, 2], "n": 9, "x": [1]})
    api.get("/cheap", service_ms=0, per_row_ms=2)(lambda request: [1])
    api.get("/one")(lambda request: {"id": 1})

    async def main(access, counters):
        moments = [0]
        async with client() as session:
            for path in ("list", "object", "cheap", "one"):
                await get(session, access.url + path)
                moments.append(now_ns())
        return [b - a for a, b in pairwise(moments)]

    assert simulate(api, main) == [5 * MS // 2, 2 * MS, 2 * MS, 1 * MS]


def test_a_coroutine_holds_its_worker_while_it_waits():
    api = http(rtt_ms=RTT_MS, workers=1)

    @api.get("/jobs/{id}", service_ms=5)
    async def job(request):
        await asyncio.sleep(0.01)
        async with asyncio.timeout(1):
            await asyncio.sleep(0)
        return {"number": request.number}

    async def main(access, counters):
        return await together(access, 3)

    assert simulate(api, main) == [2 * RTT + n * 15 * MS for n in (1, 2, 3)]


def test_a_route_may_have_workers_of_its_own():
    api = http(rtt_ms=0, service_ms=10, workers=1)
    api.get("/shared")(lambda request: 1)
    api.get("/own", workers=1)(lambda request: 2)

    async def main(access, counters):
        async def one(path):
            await get(session, access.url + path)
            return now_ns()

        async with client() as session:
            moments = await asyncio.gather(*map(one, ["shared", "own", "shared", "own"]))
        return sorted(moments), counters()["peak_busy"]

    assert simulate(api, main) == ([10 * MS, 10 * MS, 20 * MS, 20 * MS], 2)


def test_a_rate_limit_refuses_at_once_and_says_when_to_come_back():
    async def main(access, counters):
        async def one(at_ms):
            await asyncio.sleep(at_ms / 1e3)
            async with session.get(access.url + "jobs/1") as answer:
                return answer.status, answer.headers.get("Retry-After"), now_ns() - at_ms * MS

        async with client() as session:
            return await asyncio.gather(*map(one, moments)), counters()

    moments = [0, 0, 0, 519, 520, 2000, 2000, 2000]  # two pass at 30 ms, so the next one passes at 530
    answers, counters = simulate(service(service_ms=30, per_second=2, burst=2), main)
    new, reused = 2 * RTT, RTT
    served, refused = (200, None, new + 30 * MS), (429, "1", new)
    assert sorted(answers[:3]) == [served, served, refused]
    assert answers[3:5] == [(429, "1", reused), (200, None, reused + 30 * MS)]
    assert sorted(status for status, *_ in answers[5:]) == [200, 200, 429]
    assert (counters["requests"], counters["refused"], counters["GET /jobs/{id}"]) == (8, 3, 5)
    access = service(per_second=2, burst=2).access({"": "http://a/"}, 1, 1, "wall")
    assert access.facts == {"burst": 2, "per_second": 2.0}


def test_a_limit_of_requests_in_flight_counts_those_that_wait():
    async def main(access, counters):
        async with client() as session:
            answers = await asyncio.gather(*(get(session, access.url + "jobs/1") for _ in range(5)))
            later = await get(session, access.url + "jobs/1")
        return sorted(status for status, _ in answers), later[0]

    api = service(service_ms=30, workers=1, max_in_flight=3, refuse_with=503)
    assert simulate(api, main) == ([200, 200, 200, 503, 503], 200)


def test_a_routes_limit_comes_on_top():
    api = http(rtt_ms=0, per_second=1, burst=4)
    api.get("/a", per_second=1, burst=1, refuse_with=503)(lambda request: 1)
    api.get("/b")(lambda request: 2)

    async def main(access, counters):
        async with client() as session:
            return [(await get(session, access.url + path))[0] for path in "aabbbb"]

    assert simulate(api, main) == [200, 503, 200, 200, 200, 429]


def test_a_client_that_gives_up_does_not_free_the_worker():
    async def main(access, counters):
        async with client() as session:
            with pytest.raises(asyncio.TimeoutError):
                await get(session, access.url + "jobs/1", timeout=aiohttp.ClientTimeout(total=0.05))
            gave_up = now_ns()
            await get(session, access.url + "jobs/1")
            return gave_up, now_ns(), counters()["given_up"]

    # served from 30 to 130 ms; the second request is there at 80 ms, and waits
    assert simulate(service(service_ms=100, workers=1), main) == (50 * MS, 240 * MS, 1)


def test_httpx_two_hundred_ten_at_a_time():
    async def main(access, counters):
        async with httpx.AsyncClient(limits=httpx.Limits(max_connections=10)) as session:
            gate = asyncio.Semaphore(10)

            async def one(number):
                async with gate:
                    return (await session.get(f"{access.url}jobs/{number}")).status_code

            assert await asyncio.gather(*(one(number) for number in range(200))) == [200] * 200
            return now_ns()

    assert simulate(service(service_ms=20), main) == RTT + 20 * (RTT + 20 * MS)


def test_the_link_is_the_simulations():
    api = http(link=Link(rtt_ns=RTT, bandwidth_bytes_per_s=1_000_000))
    api.get("/")(lambda request: b"x" * 100_000)

    async def main(access, counters):
        async with client() as session, session.get(access.url) as answer:
            await answer.read()
        return now_ns()

    assert 2 * RTT + 100 * MS < simulate(api, main) < 2 * RTT + 101 * MS


def test_which_route_is_asked_first_decides_nothing():
    api = http(rtt_ms=RTT_MS, service=Exponential(10 * MS))
    for path in ("/a", "/b"):
        api.get(path)(lambda request: {})

    async def times(access, order):
        told = {}
        async with client() as session:
            for path in order:
                async with session.get(access.url + path) as answer:
                    told[path] = answer.headers["Server-Timing"]
        return told

    first = simulate(api, lambda access, _: times(access, "ab"), seed=2)
    assert first == simulate(api, lambda access, _: times(access, "ba"), seed=2)
    assert first["a"] != first["b"]
