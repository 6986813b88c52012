import asyncio
import socket
import ssl
from functools import cache

import aiohttp
import anyio
import pytest
import trustme
from aiohttp import web
from anyio.streams.tls import TLSStream

from perfkit.sim import run, tls
from tests.sim.support import (
    HOST,
    MS,
    RTT_NS,
    Log,
    fetch,
    network,
    now_ns,
    server_tls,
    service,
    serving,
    session,
)

S = 1_000 * MS


def simulate(main, **link):
    return run(main, network=network(**link))


@cache
def certificates():
    """The contexts of a real server and of a client that trusts it."""
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert(HOST).configure_cert(server)
    authority.configure_trust(client)
    return server, client


async def listen(server_class=Log, **options):
    made = []

    def factory():
        made.append(server_class())
        return made[-1]

    server = await asyncio.get_running_loop().create_server(factory, HOST, 443, **options)
    return server, made


async def connect(**options):
    return await asyncio.get_running_loop().create_connection(Log, HOST, 443, **options)


@pytest.mark.parametrize("tls_rtts", [0, 1, 2, 3])
def test_https_costs_the_round_trips_of_its_handshake(tls_rtts):
    async def main():
        async with serving(service(0.03), port=443, tls=server_tls()), session() as client:
            for i in range(20):
                assert await fetch(client, f"/{i}", scheme="https") == f"/{i}"
            return now_ns()

    assert simulate(main, tls_rtts=tls_rtts) == (1 + tls_rtts) * RTT_NS + 20 * (RTT_NS + 30 * MS)


def test_the_server_has_the_connection_when_the_client_has_said_its_last_word():
    async def main():
        _, made = await listen(ssl=server_tls())
        _, client = await connect(ssl=True)
        client.transport.write(b"x")
        await asyncio.sleep(1)
        return client.events, made[0].events

    client, server = simulate(main)
    assert client == [(2 * RTT_NS, "made")]
    assert server == [(2 * RTT_NS + RTT_NS // 2, "made"), (2 * RTT_NS + RTT_NS // 2, "data", b"x")]


@pytest.mark.parametrize("rtt_ns", [0, 10])
def test_a_server_that_speaks_first(rtt_ns):
    class Greeting(Log):
        def connection_made(self, transport):
            super().connection_made(transport)
            transport.write(b"hello")

    async def main():
        await listen(Greeting, ssl=server_tls())
        _, client = await connect(ssl=server_tls())
        await asyncio.sleep(1)
        return client.events

    assert simulate(main, rtt_ns=rtt_ns) == [(2 * rtt_ns, "made"), (3 * rtt_ns, "data", b"hello")]


@pytest.mark.parametrize(("tls_rtts", "version"), [(1, "TLSv1.3"), (2, "TLSv1.2")])
def test_both_ends_show_what_tls_shows(tls_rtts, version):
    async def main():
        server_context, client_context = server_tls(), ssl.create_default_context()
        _, made = await listen(ssl=server_context)
        near, _ = await connect(ssl=client_context)
        await asyncio.sleep(1)
        far = made[0].transport
        for transport, context in ((near, client_context), (far, server_context)):
            assert transport.get_extra_info("sslcontext") is context
            assert transport.get_extra_info("peercert") == {}
            assert transport.get_extra_info("compression") is None
            tls = transport.get_extra_info("ssl_object")
            assert tls.context is context
            assert tls.version() == version
            assert tls.cipher() == transport.get_extra_info("cipher") == tls.shared_ciphers()[0]
            assert tls.cipher()[1] == version
            assert (tls.getpeercert(), tls.getpeercert(True), tls.pending()) == ({}, None, 0)
            assert tls.selected_alpn_protocol() is tls.compression() is tls.get_channel_binding() is None
            assert not transport.can_write_eof()
            with pytest.raises(NotImplementedError):
                transport.write_eof()
        tls = near.get_extra_info("ssl_object")
        return tls.server_hostname, tls.server_side, far.get_extra_info("ssl_object").server_side

    assert simulate(main, tls_rtts=tls_rtts) == (HOST, False, True)


def test_a_connection_ends_for_both_although_one_would_stay_half_open():
    class Patient(Log):
        def eof_received(self):
            super().eof_received()
            return True

    async def main():
        _, made = await listen(Patient, ssl=server_tls())
        _, client = await connect(ssl=True)
        client.transport.close()
        await asyncio.sleep(1)
        return [event[1] for event in made[0].events], client.events[-1][1:]

    assert simulate(main) == (["made", "eof", "lost"], ("lost", None))


def test_a_handler_knows_the_scheme():
    async def handler(request):
        return web.Response(text=f"{request.scheme} {request.secure}")

    async def main():
        async with serving(handler, port=443, tls=server_tls()), session() as client:
            return await fetch(client, scheme="https")

    assert simulate(main) == "https True"


def test_https_to_a_server_without_tls_says_so():
    async def main():
        async with serving(service(0), port=443), session() as client:
            with pytest.raises(aiohttp.ClientConnectorSSLError, match="speaks no TLS; use http://"):
                await fetch(client, scheme="https")
            return now_ns()

    assert simulate(main) == 2 * RTT_NS


def test_http_to_a_server_with_tls_says_so():
    async def main():
        async with serving(service(0), port=443, tls=server_tls()), session() as client:
            with pytest.raises(aiohttp.ClientOSError, match="speaks TLS only; use https://"):
                await client.post(f"http://{HOST}:443/")
            return now_ns()

    assert simulate(main) == 2 * RTT_NS


def test_https_to_a_host_that_only_listens_for_http_says_where():
    async def main():
        async with serving(service(0), port=80), session() as client:
            await fetch(client, scheme="https")

    with pytest.raises(aiohttp.ClientConnectorError, match="listens on port 80 only"):
        simulate(main)


def test_a_handshake_that_nobody_answers_ends_after_its_time():
    async def main():
        _, made = await listen()
        with pytest.raises(ConnectionAbortedError, match="taking longer than 3 seconds"):
            await connect(ssl=True, ssl_handshake_timeout=3)
        took = now_ns()
        await asyncio.sleep(1)
        return took, made[0].events[-1][1:]

    assert simulate(main) == (RTT_NS + 3 * S, ("lost", None))


@pytest.mark.parametrize(("timeout", "takes"), [(None, 60), (7, 7)])
def test_a_client_that_says_nothing_is_hung_up_on(timeout, takes):
    async def main():
        _, made = await listen(ssl=server_tls(), ssl_handshake_timeout=timeout)
        _, client = await connect()
        await asyncio.sleep(100)
        return client.events[-1], made[0].events

    assert simulate(main) == ((2 * RTT_NS + takes * S, "lost", None), [])


def test_giving_up_during_the_handshake_hangs_up():
    async def main():
        _, made = await listen(ssl=server_tls())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await connect(ssl=True)
        took = now_ns()
        await asyncio.sleep(1)
        return took, made[0].events, made[0].transport

    assert simulate(main) == (300 * MS, [], None)


@pytest.mark.parametrize("how", ["close", "abort"])
def test_a_server_that_hangs_up_during_the_handshake(how):
    class Rude(Log):
        def data_received(self, data):
            getattr(self.transport, how)()

    async def main():
        await listen(Rude)
        with pytest.raises(ConnectionResetError, match="during the TLS handshake"):
            await connect(ssl=True)
        return now_ns()

    assert simulate(main) == 2 * RTT_NS


@pytest.mark.parametrize("call", [listen, connect])
def test_contexts_are_checked(call):
    async def main():
        await listen()
        await call(ssl="yes")

    with pytest.raises(TypeError, match="must be an SSLContext"):
        simulate(main)


def test_what_comes_with_the_last_signal_is_for_the_application():
    async def main():
        _, made = await listen(ssl=server_tls())
        _, client = await connect()
        client.transport.write(tls._DONE[:5])
        client.transport.write(tls._DONE[5:] + b"rest")
        await asyncio.sleep(1)
        return made[0].data

    assert simulate(main) == b"rest"


def test_signals_wait_for_their_turn():
    async def main():
        _, made = await listen()
        _, client = await connect()
        client.transport.write(bytes(1_000_000))
        client.transport.signal(b"signal")
        await asyncio.sleep(100)
        return made[0].data

    assert simulate(main, bandwidth=1e6) == bytes(1_000_000) + b"signal"


def test_a_host_name_is_needed():
    async def main():
        await listen(ssl=server_tls())
        loop, sock = asyncio.get_running_loop(), socket.socket()
        await loop.sock_connect(sock, (HOST, 443))
        with pytest.raises(ValueError, match="server_hostname"):
            await loop.create_connection(Log, sock=sock, ssl=True)

    simulate(main)


def faulty(seconds, *faults):
    """When a client with https has its answer; ``faults`` of the host happen after ``seconds`` each."""
    net = network()

    async def main():
        for at, fault in zip(seconds, faults, strict=True):
            asyncio.get_running_loop().call_later(at, getattr(net, fault), HOST)
        async with serving(service(0), port=443, tls=server_tls()), session() as client:
            try:
                await client.post(f"https://{HOST}/")
            except aiohttp.ClientError as error:
                return now_ns(), type(error.__cause__ or error).__name__
            return now_ns(), "answered"

    return run(main, network=net)


def test_faults_during_the_handshake():
    """It lasts from 0.2 to 0.4 s; the server has the question at 0.3 s."""
    assert faulty([]) == (3 * RTT_NS, "answered")
    assert faulty([0.25, 5], "partition", "heal") == (5 * S + 2 * RTT_NS, "answered")
    assert faulty([0.35, 5], "partition", "heal") == (5 * S + RTT_NS // 2 + RTT_NS, "answered")
    assert faulty([0.35], "reset") == (450 * MS, "ConnectionResetError")


# Upgrading an open connection


async def upgrading(reader, writer):
    assert await reader.readline() == b"STARTTLS\n"
    writer.write(b"OK\n")
    await writer.start_tls(certificates()[0])
    writer.write((await reader.readline()).upper())
    await writer.drain()
    writer.close()
    await writer.wait_closed()


def test_streams_can_start_tls_later():
    async def main():
        server = await asyncio.start_server(upgrading, HOST, 7000)
        reader, writer = await asyncio.open_connection(HOST, 7000)
        writer.write(b"STARTTLS\n")
        assert await reader.readline() == b"OK\n"
        await writer.start_tls(ssl.create_default_context(), server_hostname=HOST)
        times = [now_ns()]
        writer.write(b"secret\n")
        answer = await reader.readline()
        times.append(now_ns())
        writer.close()
        await writer.wait_closed()
        server.close()
        return answer, times

    assert simulate(main) == (b"SECRET\n", [3 * RTT_NS, 4 * RTT_NS])


def test_a_client_that_does_tls_itself_can_start_it_later():
    async def main():
        server = await asyncio.start_server(upgrading, HOST, 7000)
        stream = await anyio.connect_tcp(HOST, 7000)
        await stream.send(b"STARTTLS\n")
        assert await stream.receive() == b"OK\n"
        secure = await TLSStream.wrap(stream, hostname=HOST, ssl_context=certificates()[1])
        times = [now_ns()]
        await secure.send(b"secret\n")
        answer = await secure.receive()
        times.append(now_ns())
        await secure.aclose()
        server.close()
        return answer, times

    assert simulate(main) == (b"SECRET\n", [3 * RTT_NS, 4 * RTT_NS])


def test_start_tls_checks_what_it_gets():
    async def main():
        loop = asyncio.get_running_loop()
        await listen()
        transport, protocol = await connect()
        with pytest.raises(TypeError, match="not supported by start_tls"):
            await loop.start_tls(object(), protocol, server_tls())
        with pytest.raises(TypeError, match="SSLContext, got None"):
            await loop.start_tls(transport, protocol, None)

    simulate(main)


# Real TLS


def test_a_client_that_does_tls_itself_meets_a_real_server():
    async def main():
        async with serving(service(0), port=443, tls=certificates()[0]):
            stream = await anyio.connect_tcp(
                HOST, 443, ssl_context=certificates()[1], tls_standard_compatible=False
            )
            times = [now_ns()]
            for _ in range(2):
                await stream.send(f"GET /x HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
                assert (await stream.receive()).endswith(b"/x")
                times.append(now_ns())
            await stream.aclose()
            return times, stream.extra(anyio.streams.tls.TLSAttribute.tls_version)

    assert simulate(main) == ([2 * RTT_NS, 3 * RTT_NS, 4 * RTT_NS], "TLSv1.3")


def test_a_certificate_that_the_client_does_not_trust_is_an_error():
    async def main():
        async with serving(service(0), port=443, tls=certificates()[0]):
            with pytest.raises(ssl.SSLCertVerificationError):
                await anyio.connect_tcp(HOST, 443, ssl_context=ssl.create_default_context())
            return now_ns()

    assert simulate(main) == 2 * RTT_NS


def test_a_server_without_a_certificate_cannot_speak_real_tls(caplog):
    async def main():
        async with serving(service(0), port=443, tls=server_tls()):
            with pytest.raises(anyio.BrokenResourceError):
                await anyio.connect_tcp(HOST, 443, ssl_context=certificates()[1])
            return now_ns()

    assert simulate(main) == 2 * RTT_NS
    assert "198.18.0.2:443 has no certificate, and this client does TLS itself" in caplog.text
