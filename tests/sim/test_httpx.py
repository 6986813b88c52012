"""The unmodified httpx against theory, to the nanosecond; its TLS is real."""

import asyncio
import math
import ssl

import httpx
import pytest
import trustme
from aiohttp import web
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived

from perfkit.sim import run
from tests.sim.support import HOST, MS, RTT_NS, network, now_ns, service, serving

SERVICE_NS = 30 * MS
S = 1_000 * MS


@pytest.fixture(scope="module")
def certificates():
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert(HOST).configure_cert(server)
    authority.configure_trust(client)
    return server, client


@pytest.fixture(params=["http", "https"])
def scheme(request, certificates):
    """(base URL, what the server needs, what the client needs, round trips until connected)."""
    server, client = certificates
    https = request.param == "https"
    return {
        "url": f"{request.param}://{HOST}",
        "server": {"port": 443, "tls": server} if https else {"port": 80},
        "client": {"verify": client, "trust_env": False},
        "connect_ns": RTT_NS * (2 if https else 1),
    }


def simulate(scheme, load, handler=None, **options):
    """``load(client)``'s virtual time, with the server up."""

    async def main():
        handle = handler or service(SERVICE_NS / 1e9)
        async with (
            serving(handle, **scheme["server"]),
            httpx.AsyncClient(**scheme["client"], **options) as client,
        ):
            start = now_ns()
            result = await load(client)
            return result if result is not None else now_ns() - start

    return run(main, network=network())


def test_serial_requests_share_a_connection(scheme):
    async def load(client):
        for i in range(50):
            answer = await client.get(f"{scheme['url']}/{i}")
            assert answer.text == f"/{i}"

    assert simulate(scheme, load) == scheme["connect_ns"] + 50 * (RTT_NS + SERVICE_NS)


@pytest.mark.parametrize(("n", "in_flight"), [(40, 10), (35, 10), (5, 10)])
def test_k_in_flight_take_a_kth_of_the_time(scheme, n, in_flight):
    async def load(client):
        gate = asyncio.Semaphore(in_flight)

        async def one(i):
            async with gate:
                await client.post(f"{scheme['url']}/{i}", json={"id": i})

        await asyncio.gather(*(one(i) for i in range(n)))

    rounds = math.ceil(n / in_flight)
    assert simulate(scheme, load) == scheme["connect_ns"] + rounds * (RTT_NS + SERVICE_NS)


def test_a_pool_smaller_than_the_load_is_the_limit(scheme):
    async def load(client):
        await asyncio.gather(*(client.get(f"{scheme['url']}/") for _ in range(20)))

    limits = httpx.Limits(max_connections=4)
    assert simulate(scheme, load, limits=limits) == scheme["connect_ns"] + 5 * (RTT_NS + SERVICE_NS)


def test_a_client_per_request_connects_each_time(scheme):
    async def load(_):
        for _ in range(5):
            async with httpx.AsyncClient(**scheme["client"]) as client:
                await client.get(f"{scheme['url']}/")

    assert simulate(scheme, load) == 5 * (scheme["connect_ns"] + RTT_NS + SERVICE_NS)


def test_large_bodies_both_ways(scheme):
    async def handler(request):
        return web.Response(body=await request.read())

    body = bytes(range(256)) * 8_000

    async def load(client):
        answer = await client.post(f"{scheme['url']}/", content=body)
        return answer.content == body

    assert simulate(scheme, load, handler) is True


def test_timeouts_fire_to_the_nanosecond(scheme):
    async def load(client):
        times = []
        for timeout, error in (
            (httpx.Timeout(5, connect=0.1), httpx.ConnectTimeout),
            (httpx.Timeout(5, read=0.25), httpx.ReadTimeout),
            (httpx.Timeout(5, pool=0.3), httpx.PoolTimeout),
        ):
            holder = asyncio.create_task(client.get(f"{scheme['url']}/", timeout=None)) if times[1:] else None
            await asyncio.sleep(0)
            start = now_ns()
            with pytest.raises(error):
                await client.get(f"{scheme['url']}/", timeout=timeout)
            times.append(now_ns() - start)
            if holder is not None:
                await holder
        return times

    limits = httpx.Limits(max_connections=1)
    # The read timeout starts when the request is sent, on a new connection.
    expected = [100 * MS, scheme["connect_ns"] + 250 * MS, 300 * MS]
    assert simulate(scheme, load, service(60), limits=limits) == expected


def test_an_idle_connection_is_kept_for_five_seconds(scheme):
    async def load(client):
        times = []
        for idle_s in (0, 4, 6):
            await asyncio.sleep(idle_s)
            start = now_ns()
            await client.get(f"{scheme['url']}/")
            times.append(now_ns() - start)
        return times

    request = RTT_NS + SERVICE_NS
    first = scheme["connect_ns"] + request
    assert simulate(scheme, load) == [first, request, first]


def test_refused(scheme):
    async def load(client):
        with pytest.raises(httpx.ConnectError):
            await client.get(f"{scheme['url']}:1/")

    assert simulate(scheme, load) == RTT_NS


def test_a_server_that_went_away_between_two_requests(scheme):
    async def handler(request):
        response = web.Response(text="bye")
        response.force_close()
        return response

    async def load(client):
        for _ in range(3):
            assert (await client.get(f"{scheme['url']}/")).text == "bye"

    assert simulate(scheme, load, handler) == 3 * (scheme["connect_ns"] + RTT_NS)


def test_streams_arrive_piece_by_piece(scheme):
    async def handler(request):
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(3):
            await asyncio.sleep(1)
            await response.write(b"x" * 10)
        await response.write_eof()
        return response

    async def load(client):
        async with client.stream("GET", f"{scheme['url']}/") as response:
            return [(now_ns(), piece) async for piece in response.aiter_raw()]

    first = scheme["connect_ns"] + RTT_NS + S
    assert simulate(scheme, load, handler) == [(first + i * S, b"x" * 10) for i in range(3)]


def test_https_to_a_server_without_tls_is_the_error_of_the_real_library(certificates):
    async def main():
        async with serving(service(0), port=443), httpx.AsyncClient(verify=certificates[1]) as client:
            with pytest.raises(httpx.ConnectError):
                await client.get(f"https://{HOST}/")
            return now_ns()

    assert run(main, network=network()) == 2 * RTT_NS


class Http2Server(asyncio.Protocol):
    """Answers each request with its path, after SERVICE_NS; streams of a connection overlap."""

    def connection_made(self, transport):
        self.transport = transport
        self.http = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self.http.initiate_connection()
        transport.write(self.http.data_to_send())

    def data_received(self, data):
        for event in self.http.receive_data(data):
            if isinstance(event, RequestReceived):
                path = dict(event.headers)[":path"]
                asyncio.get_running_loop().call_later(SERVICE_NS / 1e9, self.answer, event.stream_id, path)
        self.transport.write(self.http.data_to_send())

    def answer(self, stream, path):
        self.http.send_headers(stream, [(":status", "200")])
        self.http.send_data(stream, path.encode(), end_stream=True)
        self.transport.write(self.http.data_to_send())


def test_http2_asks_everything_at_once_over_one_connection(certificates):
    server, client = certificates
    server.set_alpn_protocols(["h2"])

    async def main():
        loop = asyncio.get_running_loop()
        listening = await loop.create_server(Http2Server, HOST, 443, ssl=server)
        async with httpx.AsyncClient(verify=client, http2=True, trust_env=False) as asking:
            url = f"https://{HOST}"
            first = await asking.get(f"{url}/0")
            times = [now_ns()]
            answers = await asyncio.gather(*(asking.get(f"{url}/{i}") for i in range(50)))
            times.append(now_ns())
        listening.close()
        return first.http_version, [answer.text for answer in answers], times

    version, texts, times = run(main, network=network())
    assert version == "HTTP/2"
    assert texts == [f"/{i}" for i in range(50)]
    assert times == [3 * RTT_NS + SERVICE_NS, 4 * RTT_NS + 2 * SERVICE_NS]
