"""https on both clocks."""

import ssl

import aiohttp
import httpx
import pytest

from perfkit.worlds import http
from tests.worlds.service.support import MS, get, now_ns, simulate, wall


def service():
    api = http(rtt_ms=20, service_ms=30, tls=True)
    api.get("/")(lambda request: {"n": request.number})
    return api


def test_a_simulated_handshake_costs_a_round_trip():
    async def main(access, counters):
        assert access.url == "https://service.test/"
        async with aiohttp.ClientSession() as session:
            await get(session, access.url)
            first = now_ns()
            await get(session, access.url)
        return first, now_ns()

    assert simulate(service(), main) == (90 * MS, 140 * MS)


def test_a_client_that_does_tls_itself_can_trust_the_service():
    async def main(access, counters):
        trusting = ssl.create_default_context(cadata=access.facts["ca_pem"])
        async with httpx.AsyncClient(verify=trusting) as session:
            return (await session.get(access.url)).json()

    assert simulate(service(), main) == {"n": 1}


def test_a_real_server_has_a_real_certificate():
    async def main(access, counters):
        trusting = ssl.create_default_context(cadata=access.facts["ca_pem"])
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await get(session, access.url)
            return await get(session, access.url, ssl=trusting)

    assert wall(service(), main) == (200, {"n": 1})


def test_a_real_cut_answer_over_tls():
    api = http(rtt_ms=0, tls=True, resets=[1])
    api.get("/")(lambda request: "x" * 1000)

    async def main(access, counters):
        trusting = ssl.create_default_context(cadata=access.facts["ca_pem"])
        async with aiohttp.ClientSession() as session:
            with pytest.raises((aiohttp.ClientError, ConnectionError)):
                await get(session, access.url, ssl=trusting)

    wall(api, main)
