"""The portal's time, limits and callers over HTTP on the virtual clock: exact to the nanosecond."""

import asyncio

import aiohttp

from perfkit import sim
from perfkit.worlds import Bitrix24

CALL = {"USER_ID": 12, "PHONE_NUMBER": "+79001234567", "TYPE": 2}


def simulate(world, client):
    """What ``client(session, access, loop)`` returns, run against ``world`` in virtual time."""

    network = sim.Network()

    async def main():
        loop = asyncio.get_running_loop()
        async with world.start(1, 1, network) as running, aiohttp.ClientSession() as session:
            return await client(session, world.access(running.addresses, 1, 1, "virtual"), loop)

    return sim.run(main, network=network)


def test_an_accident_begins_and_ends_by_the_virtual_clock():
    accident = ((5.0, 10.0, 10.0),)
    world = Bitrix24(rtt_ms=10, base_ns=100_000_000, command_ns=200_000_000, row_ns=0, slowdowns=accident)

    async def client(session, access, loop):
        took_ns = []
        for at_ns in (1_000_000_000, 4_500_000_000, 6_000_000_000, 11_000_000_000):
            await asyncio.sleep((at_ns - loop.now_ns) / 1e9)
            async with session.post(access.url + "profile") as answer:
                await answer.read()
            took_ns.append(loop.now_ns - at_ns)
        return took_ns

    handshake_ns, request_ns = 10_000_000, 310_000_000
    accident_ns = request_ns + 1_800_000_000
    assert simulate(world, client) == [request_ns + handshake_ns, request_ns, accident_ns, request_ns]


def test_a_batch_that_takes_too_long_comes_back_as_a_page_after_a_minute():
    world = Bitrix24(rtt_ms=0, cloud=True, command_ns=2_000_000_000)

    async def client(session, access, loop):
        started_ns = loop.now_ns
        async with session.post(access.url + "batch", json={"cmd": ["profile"] * 50}) as answer:
            body = await answer.text()
            return answer.status, answer.content_type, "504 Gateway" in body, loop.now_ns - started_ns

    assert simulate(world, client) == (504, "text/html", True, 60_000_000_000)


def test_an_application_registers_a_call():
    async def client(session, access, loop):
        url, token = access.facts["rest_url"], access.facts["access_token"]
        answers = []
        for shown in ({"auth": token}, {"auth": "unknown"}, {}):
            async with session.post(
                f"{url}telephony.externalCall.register", json={**CALL, **shown}
            ) as answer:
                answers.append((answer.status, list(await answer.json())))
        return answers

    assert simulate(Bitrix24(rtt_ms=0), client) == [
        (200, ["result", "time"]),
        (401, ["error", "error_description"]),
        (401, ["error", "error_description"]),
    ]
